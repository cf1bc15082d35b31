/** MPI's return codes as errors: with MPI_ERRORS_RETURN set, every call gives one. */
import { PshmemError } from "../errors.ts";
import type { AbiTable } from "./abi/types.ts";
import type { MpiCalls } from "./calls.ts";

const MPI_SUCCESS = 0;

/** An error that MPI reported. */
export class MPIError extends PshmemError {
  /** MPI's error class (MPI-4.1 §9.4), a small number that all implementations share in order, not in value. */
  readonly mpiClass: number;
  /** The implementation's own code. */
  readonly mpiCode: number;

  constructor(call: string, mpiCode: number, mpiClass: number, text: string) {
    super("MPI", `${call} failed: ${text} (class ${mpiClass}, code ${mpiCode})`, { call });
    this.mpiCode = mpiCode;
    this.mpiClass = mpiClass;
  }
}

/** The MPI functions, throwing {@link MPIError} where they would return a code. */
export type CheckedCalls = { readonly [Name in keyof MpiCalls]: (...args: readonly unknown[]) => void };

/** Local: the same functions, checked. */
export function checked(calls: MpiCalls, abi: AbiTable): CheckedCalls {
  const check = (name: keyof MpiCalls) => {
    const call = calls[name];
    return (...args: readonly unknown[]): void => {
      const code = call(...args);
      if (code !== MPI_SUCCESS) throw errorOf(calls, abi, name, code);
    };
  };
  const names = Object.keys(calls) as (keyof MpiCalls)[];
  return Object.fromEntries(names.map((name) => [name, check(name)])) as CheckedCalls;
}

function errorOf(calls: MpiCalls, abi: AbiTable, name: string, code: number): MPIError {
  const [bytes, length, mpiClass] = [
    new Uint8Array(abi.MAX_ERROR_STRING),
    new Int32Array(1),
    new Int32Array(1),
  ];
  calls.MPI_Error_class(code, mpiClass);
  calls.MPI_Error_string(code, bytes, length);
  const text = new TextDecoder().decode(bytes.subarray(0, length[0])).replace(/\0/g, "").trim();
  return new MPIError(name, code, mpiClass[0], text);
}
