/**
 * What all ranks do together through MPI, at the start and the end of a job. While a rank waits it gives its core away: MPICH's own
 * waiting does not, and where ranks share cores each call of its then takes several turns of the scheduler (8 to 16 ms instead of 1 to 3).
 */
import { posix } from "../native/posix.ts";
import type { Handle } from "./abi/types.ts";
import { HandleCell, type MpiLibrary } from "./library.ts";

/** Collective, blocking: another communicator of all ranks, on which nobody else sends. */
export function duplicate(library: MpiLibrary): Handle {
  const { calls, abi } = library;
  const cell = new HandleCell(abi);
  complete(library, (request) => calls.MPI_Comm_idup(abi.COMM_WORLD, cell.pointer, request));
  calls.MPI_Comm_set_errhandler(cell.value, abi.ERRORS_RETURN);
  return cell.value;
}

/** Collective, blocking: `words` int32 of each of the `size` ranks, as many of each, in rank order. */
export function allgatherWords(
  library: MpiLibrary,
  wire: Handle,
  size: number,
  words: readonly number[],
): Int32Array {
  const { calls, abi } = library;
  const { length } = words;
  const [own, all] = [unmoved(length), unmoved(size * length)];
  own.set(words);
  complete(library, (request) =>
    calls.MPI_Iallgather(own, length, abi.INT32, all, length, abi.INT32, wire, request),
  );
  return all;
}

/** Collective, blocking. */
export function barrier(library: MpiLibrary, wire: Handle): void {
  complete(library, (request) => library.calls.MPI_Ibarrier(wire, request));
}

function complete({ calls, abi }: MpiLibrary, start: (request: Int32Array | BigInt64Array) => void): void {
  const request = new HandleCell(abi);
  const [flag, status] = [unmoved(1), unmoved(abi.statusWords)];
  start(request.pointer);
  for (;;) {
    calls.MPI_Test(request.pointer, flag, status);
    if (flag[0] !== 0) return;
    posix().sched_yield();
  }
}

/** Out of the garbage collector's reach, for MPI keeps the address. */
function unmoved(words: number): Int32Array {
  return new Int32Array(new ArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT));
}
