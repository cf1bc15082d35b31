/**
 * The rank's side of `PSHMEM_PROGRESS=thread`.
 *
 * Requests travel on one communicator, on which ranks send and helpers receive; their answers on another, on which helpers send and
 * ranks receive. So the two threads of a process never take or order each other's messages, and share no state but a few words.
 */
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from "node:worker_threads";
import { itemSize, type DType } from "../array/dtype.ts";
import type { Attendant, Ground } from "../comm/backend.ts";
import { REGISTRY, type Context } from "../comm/service.ts";
import { PshmemError } from "../errors.ts";
import { Bells, bellBytes } from "../node/bells.ts";
import { NOTICE, SERVICE, type Courier, type Taker, type Outgoing } from "../node/post.ts";
import { threadSleeper } from "../threads/sleeper.ts";
import type { Handle } from "./abi/types.ts";
import { MpiCourier } from "./courier.ts";
import type { MpiWorld } from "./job.ts";
import { duplicate } from "./together.ts";
import { addressOf } from "../native/mapping.ts";

/** Words shared with the helper, behind its bell: whether it must stop (the rank writes it, once), and its state (the helper does). */
export const STOP = 16;
export const STATE = 17;
const CONTROL_WORDS = 18;

/** States of the helper, in order. */
const STARTING = 0;
export const RUNNING = 1;
export const ENDED = 2;
export const FAILED = 3;

/** Loading a few modules takes far less. */
const LONGEST_START_MS = 30_000;

/** Memory of the process. */
export interface Place {
  readonly address: number;
  readonly bytes: number;
}

/** What the helper is started with. */
export interface AttendantStart {
  readonly path: string;
  readonly rank: number;
  readonly requests: Handle;
  readonly answers: Handle;
  readonly control: Int32Array;
  readonly port: MessagePort;
  /** The bells of this node, and which is the rank's. */
  readonly bells: Place;
  readonly bell: number;
}

/** A {@link Ground} as it can be told to another thread. */
type Told =
  | { readonly kind: "bell" }
  | { readonly kind: "words"; readonly place: Place }
  | { readonly kind: "window"; readonly place: Place; readonly dtype: DType; readonly count: number };

/** From the rank to its helper. */
export type Command = { readonly context: Context; readonly handle: number } & (
  { readonly do: "attend"; readonly ground: Told } | { readonly do: "leave"; readonly leave: number }
);

/** From the helper to its rank. */
export type Report = { readonly left: number } | { readonly failure: string };

/** The helper as its rank sees it. */
export class MpiAttendant implements Attendant {
  /** Messages between nodes, requests for helpers and answers from them among them. */
  readonly courier: Courier;
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT));
  readonly #port: MessagePort;
  readonly #requests: MpiCourier;
  readonly #leaving = new Map<number, () => void>();
  #nextLeave = 0;

  /** Collective, blocking: `wire` carries all other messages; the bells are at `bells`, `bell` is this rank's. */
  constructor(world: MpiWorld, wire: MpiCourier, bells: Place, bell: number) {
    const { library, rank } = world;
    const [requests, answers] = [duplicate(library), duplicate(library)];
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#requests = new MpiCourier({ library, wire: requests });
    this.courier = this.#route(wire, new MpiCourier({ library, wire: answers }));
    const start = {
      path: library.path,
      rank,
      requests,
      answers,
      control: this.#control,
      port: port2,
      bells,
      bell,
    };
    this.#start(start);
  }

  attend(context: Context, handle: number, ground: Ground): void {
    this.#tell({ do: "attend", context, handle, ground: tell(ground) });
  }

  leave(context: Context, handle: number, then: () => void): void {
    const leave = this.#nextLeave++;
    this.#leaving.set(leave, then);
    this.#tell({ do: "leave", context, handle, leave });
  }

  /** Local, blocking: at the end of the job, before MPI_Finalize. */
  stop(): void {
    this.#requests.settle();
    Atomics.store(this.#control, STOP, 1);
    new Bells(this.#control.subarray(0, bellBytes(1) / 4), threadSleeper).ring(0);
    Atomics.wait(this.#control, STATE, RUNNING);
  }

  #start(start: AttendantStart): void {
    const worker = new Worker(new URL("./attendant-thread.js", import.meta.url), {
      workerData: start,
      transferList: [start.port],
      execArgv: [],
      name: "pshmem progress",
    });
    worker.unref();
    Atomics.wait(this.#control, STATE, STARTING, LONGEST_START_MS);
    const state = Atomics.load(this.#control, STATE);
    if (state === STARTING) {
      const text = `the helper thread of PSHMEM_PROGRESS=thread has not started within ${LONGEST_START_MS} ms; leave PSHMEM_PROGRESS unset`;
      throw new PshmemError("BAD_LAUNCH", text, { call: "world" });
    }
    this.#hear();
  }

  #route(wire: MpiCourier, answers: MpiCourier): Courier {
    return {
      slice: wire.slice,
      longSlice: wire.longSlice,
      push: (message: Outgoing) => {
        // What a handle's ranks tell each other about it is for the ranks.
        const isOfService = message.box.kind === SERVICE || message.box.kind === NOTICE;
        (isOfService && message.tag !== REGISTRY ? this.#requests : wire).push(message);
      },
      pull: (taker: Taker) => {
        this.#hear();
        this.#requests.reap();
        const any = answers.pull(taker);
        return wire.pull(taker) || any;
      },
    };
  }

  #tell(command: Command): void {
    this.#port.postMessage(command);
  }

  #hear(): void {
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      const report = next.message as Report;
      if ("failure" in report) {
        const text = `the helper thread of PSHMEM_PROGRESS=thread failed: ${report.failure}`;
        throw new PshmemError("MPI", text, { actual: report.failure });
      }
      this.#leaving.get(report.left)?.();
      this.#leaving.delete(report.left);
    }
  }
}

function tell(ground: Ground): Told {
  if (ground.kind === "bell") return ground;
  const { buffer, byteOffset } = ground;
  const address = addressOf(buffer) + byteOffset;
  if (ground.kind === "words") return { kind: "words", place: { address, bytes: ground.byteLength } };
  const { dtype, count } = ground;
  return { kind: "window", place: { address, bytes: count * itemSize(dtype) }, dtype, count };
}
