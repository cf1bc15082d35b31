/**
 * MPI's one-sided operations on one window (MPI-4.1 chapter 12), at absolute addresses. Every operation but `put` is complete, at
 * the target too, when it returns.
 *
 * What is reached by atomic operations belongs to MPI alone: even the rank in whose memory it lies goes through MPI, for MPI may
 * implement them with locks or messages that the processor's own atomic instructions know nothing of.
 */
import type { Handle } from "./abi/types.ts";
import { HandleCell, type MpiLibrary } from "./library.ts";

/** An MPI count is an int. */
const LARGEST_TRANSFER = 2 ** 30;
/** Puts hold a copy until the flush; so many bytes are flushed without being asked. */
const MOST_PENDING_BYTES = 2 ** 20;
/** What a pending put costs beside its bytes. */
const PENDING_BYTES = 128;

/** The integers on which atomic operations work. Only these two are atomic everywhere: UCX knows no smaller ones. */
export type AtomicBytes = 4 | 8;

/** Where operands and results lie while MPI uses them: outside the reach of the garbage collector. */
type Cell = Int32Array | BigInt64Array;

/** An operation under way. */
export interface Started {
  readonly request: HandleCell;
  /** Both must live until the request is complete. */
  readonly operand: BigInt64Array;
  readonly result: BigInt64Array;
}

interface Cells {
  readonly type: Handle;
  readonly operand: Cell;
  readonly expected: Cell;
  readonly result: Cell;
}

/** One window of all ranks of the world. Ranks are world ranks; addresses are the target's own. */
export class RmaAccess {
  readonly #library: MpiLibrary;
  readonly #window: HandleCell;
  readonly #cells: Readonly<Record<AtomicBytes, Cells>>;
  #run = runCells(4);
  /** Copies that MPI still reads, by target. */
  readonly #pending = new Map<number, Uint8Array[]>();
  #pendingBytes = 0;
  readonly #attached = new Set<number>();

  /** Collective over `wire`, blocking. @throws MPIError where the implementation has no way to do it */
  constructor(library: MpiLibrary, wire: Handle) {
    const { calls, abi } = library;
    this.#library = library;
    this.#window = new HandleCell(abi);
    calls.MPI_Win_create_dynamic(abi.INFO_NULL, wire, this.#window.pointer);
    calls.MPI_Win_set_errhandler(this.#window.value, abi.ERRORS_RETURN);
    calls.MPI_Win_lock_all(abi.MODE_NOCHECK, this.#window.value);
    this.#cells = {
      4: { type: abi.INT32, operand: word(), expected: word(), result: word() },
      8: { type: abi.INT64, operand: long(), expected: long(), result: long() },
    };
  }

  /** Local: lets others reach `bytes` bytes of this rank. */
  attach(address: number, bytes: number): void {
    this.#library.calls.MPI_Win_attach(this.#window.value, address, bytes);
    this.#attached.add(address);
  }

  /** Local: the reverse of `attach`; nobody may use the memory any more. */
  detach(address: number): void {
    this.#library.calls.MPI_Win_detach(this.#window.value, address);
    this.#attached.delete(address);
  }

  /** Local: orders this rank's loads and stores with what MPI does to the same memory (MPI-4.1 §12.7). */
  sync(): void {
    this.#library.calls.MPI_Win_sync(this.#window.value);
  }

  /** Local, blocking: fills `bytes` from the target's memory. */
  get(target: number, address: number, bytes: Uint8Array): void {
    const { calls, abi } = this.#library;
    for (const { piece, at } of transfers(bytes)) {
      const { length } = piece;
      calls.MPI_Get(piece, length, abi.BYTE, target, address + at, length, abi.BYTE, this.#window.value);
    }
    this.flush(target);
  }

  /** Local: copies `bytes`; they are at the target after `flush`. */
  put(target: number, address: number, bytes: Uint8Array): void {
    const { calls, abi } = this.#library;
    const copy = new Uint8Array(new ArrayBuffer(bytes.length));
    copy.set(bytes);
    for (const { piece, at } of transfers(copy)) {
      const { length } = piece;
      calls.MPI_Put(piece, length, abi.BYTE, target, address + at, length, abi.BYTE, this.#window.value);
    }
    const pending = this.#pending.get(target);
    if (pending) pending.push(copy);
    else this.#pending.set(target, [copy]);
    this.#pendingBytes += copy.length + PENDING_BYTES;
    if (this.#pendingBytes > MOST_PENDING_BYTES) this.settle();
  }

  /** Local, blocking: this rank's puts, to one target or all, have arrived. */
  settle(target?: number): void {
    for (const one of target === undefined ? [...this.#pending.keys()] : [target]) {
      if (this.#pending.has(one)) this.flush(one);
    }
  }

  /** Local, blocking: every operation of this rank on the target is complete there. */
  flush(target: number): void {
    this.#library.calls.MPI_Win_flush(target, this.#window.value);
    for (const { length } of this.#pending.get(target) ?? []) this.#pendingBytes -= length + PENDING_BYTES;
    this.#pending.delete(target);
  }

  /** Local, blocking, atomic: combines an integer of the target with `value` by an MPI operation; returns it as it was. */
  fetch<B extends AtomicBytes>(bytes: B, target: number, address: number, value: Int<B>, op: Handle): Int<B> {
    const { type, operand, result } = this.#cells[bytes];
    operand[0] = value;
    const { calls } = this.#library;
    calls.MPI_Fetch_and_op(operand, result, type, target, address, op, this.#window.value);
    this.flush(target);
    return result[0] as Int<B>;
  }

  /**
   * Local, blocking: combines integers of the target, from `address` on, with `words` by REPLACE, or fetches them into `words` by NO_OP.
   * Each is atomic by itself.
   */
  fetchRun(target: number, address: number, words: Int32Array, op: Handle): void {
    const { calls, abi } = this.#library;
    const { length } = words;
    if (length > this.#run.operand.length) this.#run = runCells(length);
    const { operand, result } = this.#run;
    operand.set(words);
    const [from, into, there] = [
      [operand, length, abi.INT32],
      [result, length, abi.INT32],
      [target, address, length, abi.INT32],
    ];
    calls.MPI_Get_accumulate(...from, ...into, ...there, op, this.#window.value);
    this.flush(target);
    if (op === abi.NO_OP) words.set(result.subarray(0, length));
  }

  /** Local, blocking, atomic: stores `desired` if the integer is `wanted`; returns it as it was. */
  swap<B extends AtomicBytes>(
    bytes: B,
    target: number,
    address: number,
    wanted: Int<B>,
    desired: Int<B>,
  ): Int<B> {
    const { type, operand, expected, result } = this.#cells[bytes];
    operand[0] = desired;
    expected[0] = wanted;
    const { calls } = this.#library;
    calls.MPI_Compare_and_swap(operand, expected, result, type, target, address, this.#window.value);
    this.flush(target);
    return result[0] as Int<B>;
  }

  /** Local, not blocking: starts `fetch` on eight bytes with cells of its own, to be waited for with a time limit. */
  startFetch(target: number, address: number, value: bigint, op: Handle): Started {
    const { calls, abi } = this.#library;
    const [operand, result] = [long(), long()];
    const request = new HandleCell(abi);
    operand[0] = value;
    const [from, into] = [
      [operand, 1, abi.INT64],
      [result, 1, abi.INT64],
    ];
    const there = [target, address, 1, abi.INT64];
    calls.MPI_Rget_accumulate(...from, ...into, ...there, op, this.#window.value, request.pointer);
    return { operand, result, request };
  }

  /** Collective, blocking: at the end of the job, before MPI_Finalize. */
  free(): void {
    for (const address of this.#attached) this.detach(address);
    this.#library.calls.MPI_Win_unlock_all(this.#window.value);
    this.#library.calls.MPI_Win_free(this.#window.pointer);
  }
}

/** An integer of four bytes is a number, one of eight a bigint. */
export type Int<B extends AtomicBytes> = B extends 4 ? number : bigint;

function word(): Int32Array {
  return new Int32Array(new ArrayBuffer(4));
}

function long(): BigInt64Array {
  return new BigInt64Array(new ArrayBuffer(8));
}

/** Where the words of a run lie while MPI uses them. */
function runCells(count: number): { readonly operand: Int32Array; readonly result: Int32Array } {
  const cell = () => new Int32Array(new ArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
  return { operand: cell(), result: cell() };
}

function* transfers(bytes: Uint8Array): Generator<{ readonly piece: Uint8Array; readonly at: number }> {
  for (let at = 0; at < bytes.length; at += LARGEST_TRANSFER)
    yield { piece: bytes.subarray(at, at + LARGEST_TRANSFER), at };
}
