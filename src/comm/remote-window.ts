/** A window across nodes: by load and store on this rank's node, by request to ranks of other nodes. */
import { type DType, type Scalar, type TypedArrayOf } from "../array/dtype.ts";
import type { Ground } from "./backend.ts";
import type { FetchOp } from "./contract.ts";
import type { Asked, Handler, Service } from "./service.ts";
import { decodeValue, encodeValue } from "./values.ts";
import type { RawWindow } from "./window.ts";

/** A request; elements travel as arrays, so that they keep their type. */
type Request<D extends DType> =
  | { readonly do: "get"; readonly offset: number; readonly count: number }
  | { readonly do: "put"; readonly offset: number; readonly values: TypedArrayOf<D> }
  | { readonly do: "fetchAndOp"; readonly offset: number; readonly value: Scalar<D>; readonly op: FetchOp }
  | {
      readonly do: "compareAndSwap";
      readonly offset: number;
      readonly expected: Scalar<D>;
      readonly desired: Scalar<D>;
    };

/** Elements of the ranks of this node, and the way to all others'. */
export class RemoteWindow<D extends DType> implements RawWindow<D> {
  readonly #window: RawWindow<D>;
  readonly #service: Service;
  readonly #handle: number;
  readonly #isLocal: (rank: number) => boolean;
  /** Puts not yet answered, by target. */
  readonly #puts = new Map<number, Asked[]>();

  /** `window` holds the elements of this node's ranks, `own` says where this rank's are; it is closed when every rank has closed this one. */
  constructor(
    window: RawWindow<D>,
    own: Ground,
    service: Service,
    rank: number,
    isLocal: (rank: number) => boolean,
  ) {
    this.#window = window;
    this.#service = service;
    this.#isLocal = isLocal;
    this.#handle = service.open(answerWindow(window, rank), () => window.close(), own);
  }

  get local(): TypedArrayOf<D> {
    return this.#window.local;
  }

  get(target: number, offset: number, count: number): TypedArrayOf<D> {
    if (this.#here(target)) return this.#window.get(target, offset, count);
    return this.#call(target, { do: "get", offset, count });
  }

  put(target: number, offset: number, values: TypedArrayOf<D>): void {
    if (this.#here(target)) {
      this.#window.put(target, offset, values);
      return;
    }
    const asked = this.#service.ask(target, this.#handle, encodeValue({ do: "put", offset, values }));
    const puts = this.#puts.get(target);
    if (puts) puts.push(asked);
    else this.#puts.set(target, [asked]);
  }

  fetchAndOp(target: number, offset: number, value: Scalar<D>, op: FetchOp): Scalar<D> {
    if (this.#here(target)) return this.#window.fetchAndOp(target, offset, value, op);
    return this.#call(target, { do: "fetchAndOp", offset, value, op });
  }

  compareAndSwap(target: number, offset: number, expected: Scalar<D>, desired: Scalar<D>): Scalar<D> {
    if (this.#here(target)) return this.#window.compareAndSwap(target, offset, expected, desired);
    return this.#call(target, { do: "compareAndSwap", offset, expected, desired });
  }

  flush(target?: number): void {
    for (const one of target === undefined ? [...this.#puts.keys()] : [target]) {
      const puts = this.#puts.get(one) ?? [];
      this.#service.await(one, () => puts.every((put) => put.answer() !== null));
      this.#puts.delete(one);
    }
  }

  sync(): void {
    this.#window.sync();
  }

  close(): void {
    this.#service.close(this.#handle);
  }

  /** As for words: each access takes requests in. */
  #here(target: number): boolean {
    this.#service.poll();
    return this.#isLocal(target);
  }

  #call<T>(target: number, request: Request<D>): T {
    return decodeValue<T>(this.#service.call(target, this.#handle, encodeValue(request)));
  }
}

/** Local: answers other ranks' requests for the elements of `rank`. */
export function answerWindow<D extends DType>(window: RawWindow<D>, rank: number): Handler {
  return (request) => encodeValue(perform(window, rank, decodeValue<Request<D>>(request)));
}

function perform<D extends DType>(window: RawWindow<D>, rank: number, request: Request<D>): unknown {
  if (request.do === "get") return window.get(rank, request.offset, request.count);
  if (request.do === "fetchAndOp") return window.fetchAndOp(rank, request.offset, request.value, request.op);
  if (request.do === "put") return window.put(rank, request.offset, request.values);
  return window.compareAndSwap(rank, request.offset, request.expected, request.desired);
}
