/** How a program finds the communicator it was started in. */
import { Comm, nodeCommOf } from "./comm/communicator.ts";
import type { Communicator } from "./comm/contract.ts";
import { Endpoint } from "./comm/endpoint.ts";
import type { Engine } from "./comm/engine.ts";
import { Group } from "./comm/group.ts";
import type { Backend } from "./comm/backend.ts";
import { PshmemError } from "./errors.ts";
import { launcherSeen, mpiDisabled } from "./launcher.ts";
import { mpiBackend } from "./mpi/backend.ts";
import { drawJobNumber } from "./node/job-number.ts";
import { serialBackend } from "./serial/backend.ts";
import { endWithProcess } from "./serial/end.ts";
import { threadsBackend } from "./threads/backend.ts";
import { joinedJob } from "./threads/job.ts";

/** The worlds of this thread, each made at its first use, and the number of its job. */
const worlds: { started?: Communicator; serial?: Communicator; job?: number } = {};

/**
 * The communicator of all ranks this program was started with; local, and the same object every time.
 *
 * Under `pshmem run` its ranks are worker threads; with `MPI_DISABLE=1`, or without a launcher, it is the serial communicator of
 * size 1.
 *
 * @throws BAD_LAUNCH when an MPI launcher started the program but its MPI cannot be used
 */
export function world(): Communicator {
  worlds.started ??= findWorld();
  return worlds.started;
}

/** Where a thread notes which copy of the package has joined its job: two would read the same messages. */
const JOINED_BY = Symbol.for("pshmem.joined-by");

function joinOnce(): void {
  const other: unknown = Reflect.get(globalThis, JOINED_BY);
  if (typeof other === "string") {
    const text =
      `two copies of pshmem are loaded, ${other} and ${import.meta.url}; only one can be this rank. Let the program and what it ` +
      "uses share one (npm dedupe)";
    throw new PshmemError("BAD_LAUNCH", text, { expected: other, actual: import.meta.url });
  }
  Reflect.set(globalThis, JOINED_BY, import.meta.url);
}

function findWorld(): Communicator {
  if (mpiDisabled(process.env)) return startedAlone();
  const job = joinedJob();
  if (!job && !launcherSeen(process.env)) return startedAlone();
  joinOnce();
  const backend = job ? threadsBackend(job) : mpiBackend(process.env);
  worlds.job = backend.job;
  return worldOf(backend);
}

function startedAlone(): Communicator {
  endWithProcess();
  return serialWorld();
}

/** Local: the communicator of this rank alone, which `null` stands for. */
export function serialWorld(): Communicator {
  const job = joinedJob();
  // A function, for the rank may yet learn of which job it is.
  const number = () => (worlds.job ??= job?.job ?? drawJobNumber());
  worlds.serial ??= worldOf(serialBackend(number, job?.promised));
  return worlds.serial;
}

/** Local: the communicator meant by an argument. @throws BAD_ARGUMENT for what is none of ours */
export function communicatorOf(comm: Communicator | null): Communicator {
  if (comm === null) return serialWorld();
  if (Comm.groupOf(comm)) return comm;
  const text = `a communicator was expected (world(), comm.split(…), or null for a rank alone), not ${typeof comm}`;
  throw new PshmemError("BAD_ARGUMENT", text);
}

/** Local: what patterns build on. */
export function engineOf(comm: Communicator | null): Engine {
  return Comm.groupOf(communicatorOf(comm))!;
}

function worldOf(backend: Backend): Communicator {
  const members = backend.nodeOf.map((_, rank) => rank);
  const group = new Group(new Endpoint(backend), members, { maker: 0, serial: 0 }, null, nodeCommOf);
  return new Comm(group, true);
}
