/** Words across nodes: by load and store on this rank's node, by request to ranks of other nodes. */
import type { Piece } from "../node/heap.ts";
import type { Ground } from "./backend.ts";
import type { Words } from "./engine.ts";
import type { Handler, Service } from "./service.ts";

/** The operations, as they stand in a request. */
const [LOAD, STORE, ADD, EXCHANGE, COMPARE_EXCHANGE, RING, READ_RUN, WRITE_RUN] = [0, 1, 2, 3, 4, 5, 6, 7];

/** Words of the ranks of this node, and the way to all others'. */
export class RemoteWords implements Words {
  readonly #local: Words;
  readonly #service: Service;
  readonly #handle: number;
  readonly #isLocal: (rank: number) => boolean;

  /** `local` are the words of this node's ranks; `piece` is the memory they are in, `own` this rank's part of it. */
  constructor(
    local: Words,
    piece: Piece,
    own: Ground,
    service: Service,
    rank: number,
    isLocal: (rank: number) => boolean,
  ) {
    this.#local = local;
    this.#service = service;
    this.#isLocal = isLocal;
    this.#handle = service.open(answerWords(local, rank), () => piece.close(), own);
  }

  load(rank: number, index: number): number {
    return this.#here(rank) ? this.#local.load(rank, index) : this.#ask(rank, LOAD, index);
  }

  /** Waits for the answer: what this rank does next must come after the store for everybody. */
  store(rank: number, index: number, value: number): void {
    if (this.#here(rank)) this.#local.store(rank, index, value);
    else this.#ask(rank, STORE, index, value);
  }

  write(rank: number, index: number, value: number): void {
    if (this.#isLocal(rank)) this.#local.write(rank, index, value);
    else this.store(rank, index, value);
  }

  readRun(rank: number, index: number, into: Int32Array): void {
    if (this.#isLocal(rank)) this.#local.readRun(rank, index, into);
    else into.set(this.#send(rank, encode(READ_RUN, index, into.length)));
  }

  writeRun(rank: number, index: number, values: Int32Array): void {
    if (this.#isLocal(rank)) this.#local.writeRun(rank, index, values);
    else this.#send(rank, encode(WRITE_RUN, index, ...values));
  }

  add(rank: number, index: number, value: number): number {
    return this.#here(rank) ? this.#local.add(rank, index, value) : this.#ask(rank, ADD, index, value);
  }

  exchange(rank: number, index: number, value: number): number {
    return this.#here(rank)
      ? this.#local.exchange(rank, index, value)
      : this.#ask(rank, EXCHANGE, index, value);
  }

  compareExchange(rank: number, index: number, expected: number, value: number): number {
    if (this.#here(rank)) return this.#local.compareExchange(rank, index, expected, value);
    return this.#ask(rank, COMPARE_EXCHANGE, index, value, expected);
  }

  /** A rank of another node rings its own bell when it, or its helper, takes the request in. */
  ring(rank: number): void {
    if (this.#isLocal(rank)) this.#local.ring(rank);
    else this.#service.notify(rank, this.#handle, encode(RING, 0, 0, 0));
  }

  close(): void {
    this.#service.close(this.#handle);
  }

  /** Whoever looks at words again and again makes no other call: each look takes requests in, or a loop would starve the others. */
  #here(rank: number): boolean {
    this.#service.poll();
    return this.#isLocal(rank);
  }

  #ask(rank: number, op: number, index: number, value = 0, expected = 0): number {
    return this.#send(rank, encode(op, index, value, expected))[0];
  }

  #send(rank: number, request: Uint8Array): Int32Array {
    return decode(this.#service.call(rank, this.#handle, request));
  }
}

function encode(...words: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(words).buffer);
}

function decode(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.slice().buffer);
}

function readRun(words: Words, rank: number, index: number, count: number): Uint8Array {
  const into = new Int32Array(count);
  words.readRun(rank, index, into);
  return new Uint8Array(into.buffer);
}

/** Local: answers other ranks' requests for the words of `rank`. */
export function answerWords(words: Words, rank: number): Handler {
  return (request) => {
    const [op, index, ...values] = decode(request);
    if (op === READ_RUN) return readRun(words, rank, index, values[0]);
    if (op === WRITE_RUN) words.writeRun(rank, index, Int32Array.from(values));
    return encode(perform(words, rank, op, index, values[0], values[1]));
  };
}

function perform(
  words: Words,
  rank: number,
  op: number,
  index: number,
  value: number,
  expected: number,
): number {
  if (op === LOAD) return words.load(rank, index);
  if (op === ADD) return words.add(rank, index, value);
  if (op === EXCHANGE) return words.exchange(rank, index, value);
  if (op === COMPARE_EXCHANGE) return words.compareExchange(rank, index, expected, value);
  if (op === STORE) words.store(rank, index, value);
  if (op === RING) words.ring(rank);
  return 0;
}
