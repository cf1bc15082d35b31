/**
 * The helper thread of `PSHMEM_PROGRESS=thread`: it calls MPI again and again, so that one-sided operations of others go on, and
 * answers the requests of other nodes in the place of a rank that computes. It works on the rank's own memory, by atomic operations.
 */
import { receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";
import { answerWindow } from "../comm/remote-window.ts";
import { answerWords } from "../comm/remote-words.ts";
import { serveRequests, unserveRequests, type Handler } from "../comm/service.ts";
import { Bells, bellBytes } from "../node/bells.ts";
import { BellPace } from "../node/pace.ts";
import { Post, type Courier } from "../node/post.ts";
import { UNWATCHED } from "../node/watch.ts";
import { Until } from "../node/script.ts";
import { SharedWindow } from "../comm/shared-window.ts";
import { SharedWords } from "../node/words.ts";
import { threadSleeper } from "../threads/sleeper.ts";
import {
  ENDED,
  FAILED,
  RUNNING,
  STATE,
  STOP,
  type AttendantStart,
  type Command,
  type Place,
  type Report,
} from "./attendant.ts";
import { MpiCourier } from "./courier.ts";
import { libraryAt } from "./library.ts";
import { native } from "../native/native.ts";
import { processSleeper } from "./sleeper.ts";

/** Looks before it sleeps after something has come: a few, for the rank may want the core. */
const EAGERNESS = { looks: 4, turns: 0 };

/** The longest that it lets a request wait, in ms, and the same once it has been half a second without any: each look costs some 0.1 ms of a core. */
const SLICE_MS = 4;
const LONG_SLICE_MS = 8;

const start: AttendantStart = workerData;
const { rank, control, port } = start;
const library = libraryAt(start.path);
const inbound = new MpiCourier({ library, wire: start.requests });
const outbound = new MpiCourier({ library, wire: start.answers });
const courier: Courier = {
  slice: SLICE_MS,
  longSlice: LONG_SLICE_MS,
  push: (message) => outbound.push(message),
  pull(taker) {
    outbound.reap();
    return inbound.pull(taker);
  },
};
const post = new Post(
  rank,
  [courier],
  () => courier,
  () => {},
);
const bells = new Bells(new Int32Array(viewOf(start.bells)), processSleeper);

function viewOf({ address, bytes }: Place): ArrayBuffer {
  return bytes === 0 ? new ArrayBuffer(0) : native().view(address, bytes);
}

function ring(): void {
  bells.ring(start.bell);
}

function handlerFor({ ground }: Command & { readonly do: "attend" }): Handler {
  if (ground.kind === "bell") {
    return () => {
      ring();
      return new Uint8Array();
    };
  }
  const buffer = viewOf(ground.place);
  const location = { owner: rank, block: 0, slot: 0 };
  const memory = { buffer, readable: buffer, byteOffset: 0, byteLength: buffer.byteLength };
  const piece = { location, ...memory, isFresh: false, close: () => {} };
  // One rank's part is there, so it is called rank 0.
  if (ground.kind === "words") return answerWords(new SharedWords(piece, [0], ring), 0);
  return answerWindow(new SharedWindow(piece, ground.dtype, [ground.count], [0], [0], 0), 0);
}

function obey(from: MessagePort): void {
  for (let next = receiveMessageOnPort(from); next; next = receiveMessageOnPort(from)) {
    const command = next.message as Command;
    const { context, handle } = command;
    if (command.do === "attend") {
      serveRequests(post, context, handle, handlerFor(command));
    } else {
      unserveRequests(post, context, handle);
      report({ left: command.leave });
    }
  }
}

function report(what: Report): void {
  port.postMessage(what);
}

function enter(state: number): void {
  Atomics.store(control, STATE, state);
  Atomics.notify(control, STATE);
}

try {
  enter(RUNNING);
  // The helper sleeps on a bell of its own, which the rank rings to stop it.
  const own = new Bells(control.subarray(0, bellBytes(1) / Int32Array.BYTES_PER_ELEMENT), threadSleeper);
  new BellPace(own, 0, post, EAGERNESS, UNWATCHED).run(
    new Until(() => {
      obey(port);
      return Atomics.load(control, STOP) !== 0;
    }),
  );
  outbound.settle();
  enter(ENDED);
} catch (error) {
  report({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  enter(FAILED);
}
