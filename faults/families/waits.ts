/** Locks used wrongly, and waits that end without what was waited for: by time, by a signal, by a task that fails. */
import { setTimeout as sleep } from "node:timers/promises";
import { MPIBatch, MPICondition, MPILock, MPISemaphore } from "../../dist/index.js";
import { eachRank, everywhere, onRanks, type Expected, type Fault } from "../fault.ts";
import { outcomeOf } from "../telling.ts";

/** Each rank in its turn, without competition. */
function inTurn(name: string, run: (lock: MPILock) => unknown, expected: Expected): Fault {
  return {
    name,
    run(comm) {
      const lock = new MPILock(comm);
      for (let turn = 0; turn < comm.rank; turn++) comm.barrier();
      const outcome = outcomeOf(() => run(lock));
      for (let turn = comm.rank; turn < comm.size; turn++) comm.barrier();
      return outcome;
    },
    expected,
  };
}

/** Rank 0 holds the lock while rank 1 waits; the other has no part. */
function whileHeld(name: string, wait: (lock: MPILock) => unknown, told: string): Fault {
  return {
    name,
    async run(comm) {
      const lock = new MPILock(comm);
      if (comm.rank === 0) lock.lock();
      comm.barrier();
      try {
        return comm.rank === 1 ? await wait(lock) : undefined;
      } finally {
        comm.barrier();
      }
    },
    expected: onRanks({ tells: ["returns", told, "returns"] }),
  };
}

const LOCK_MISUSE: readonly Fault[] = [
  inTurn(
    "locking twice",
    (lock) => {
      lock.lock();
      try {
        lock.lock();
      } finally {
        lock.unlock();
      }
    },
    eachRank((rank) => `LOCK_HELD rank ${rank}`),
  ),
  inTurn(
    "unlocking what one does not hold",
    (lock) => lock.unlock(),
    eachRank((rank) => `LOCK_NOT_HELD rank ${rank}`),
  ),
  inTurn(
    "releasing a guard twice",
    (lock) => {
      const guard = lock.acquire();
      guard.release();
      guard.release();
    },
    everywhere({ tells: "LOCK_NOT_HELD" }),
  ),
  inTurn(
    "an error while the lock is held",
    (lock) => {
      const outcome = outcomeOf(() =>
        lock.withLock(() => {
          throw new TypeError("boom");
        }),
      );
      return `${outcome}, then ${lock.held ? "held" : "free"}`;
    },
    everywhere({ tells: "TypeError: boom, then free" }),
  ),
  {
    name: "waiting on a condition without its lock",
    run: (comm) => new MPICondition(new MPILock(comm)).wait(),
    expected: eachRank((rank) => `LOCK_NOT_HELD rank ${rank}`),
  },
  whileHeld("unlocking what another rank holds", (lock) => lock.unlock(), "LOCK_NOT_HELD rank 1"),
];

const TIME_OUTS: readonly Fault[] = [
  whileHeld("acquire, time-out", (lock) => lock.acquire({ timeout: 30 }), "TIMEOUT rank 1 holder 0 queue "),
  whileHeld(
    "acquire, no time at all",
    (lock) => lock.acquire({ timeout: 0 }),
    "TIMEOUT rank 1 holder 0 queue ",
  ),
  whileHeld(
    "acquireAsync, time-out",
    (lock) => lock.acquireAsync({ timeout: 30 }),
    "TIMEOUT rank 1 holder 0 queue ",
  ),
  whileHeld(
    "acquireAsync, an AbortSignal",
    (lock) => lock.acquireAsync({ signal: AbortSignal.timeout(30) }),
    "ABORTED rank 1",
  ),
  whileHeld("tryAcquire of what another rank holds", (lock) => lock.tryAcquire(), "null"),
  {
    name: "a semaphore without permits left, time-out",
    run(comm) {
      const semaphore = new MPISemaphore(comm, 1);
      if (comm.rank === 0) semaphore.acquire();
      comm.barrier();
      const outcome = comm.rank === 1 ? outcomeOf(() => semaphore.acquire({ timeout: 30 })) : undefined;
      comm.barrier();
      return outcome;
    },
    expected: onRanks({ tells: ["returns", "TIMEOUT rank 1 queue ", "returns"] }),
  },
  {
    name: "a condition that nobody notifies, time-out",
    run(comm) {
      const lock = new MPILock(comm);
      const condition = new MPICondition(lock);
      lock.lock();
      const outcome = outcomeOf(() => condition.wait({ timeout: 30 }));
      lock.unlock();
      comm.barrier();
      return outcome;
    },
    expected: eachRank((rank) => `TIMEOUT rank ${rank}`),
  },
  {
    name: "a rank alone waits for a message that cannot come",
    run: (comm) => comm.recv(),
    expected: { serial: { tells: "DEADLOCK" } },
  },
  {
    name: "a rank alone waits for its own lock",
    run(comm) {
      const semaphore = new MPISemaphore(comm, 1);
      semaphore.acquire();
      semaphore.acquire();
    },
    expected: { serial: { tells: "DEADLOCK" } },
  },
];

/** What a run comes to, on every rank alike. */
async function reported(run: ReturnType<MPIBatch["run"]>): Promise<string> {
  const { done, failed, errors } = await run;
  const texts = errors.map(({ task, error }) => `${task}: ${error.message}`);
  return `${done} done, ${failed} failed${texts.length > 0 ? ` (${texts.join("; ")})` : ""}`;
}

const TASKS: readonly Fault[] = [
  {
    name: "a task that throws",
    run: (comm) =>
      reported(
        new MPIBatch(comm, 1, 4).run(({ task }) => {
          if (task === 2) throw new RangeError("boom");
        }),
      ),
    expected: everywhere({ tells: "3 done, 1 failed (2: boom)" }),
  },
  {
    name: "a task that throws on one rank of its worker, while the others are in a collective",
    run: (comm) =>
      reported(
        new MPIBatch(comm, comm.size, 2).run(({ task, comm: worker }) => {
          if (task === 0 && worker.rank === worker.size - 1) throw new RangeError("boom");
          worker.barrier();
        }),
      ),
    expected: onRanks({ tells: "1 done, 1 failed (0: boom)" }),
  },
  {
    name: "a task whose promise is rejected",
    run: (comm) =>
      reported(
        new MPIBatch(comm, 1, 4).run(async ({ task }) => {
          await sleep(1);
          if (task === 2) throw new RangeError("boom");
        }),
      ),
    expected: everywhere({ tells: "3 done, 1 failed (2: boom)" }),
  },
  {
    name: "a task that takes too long",
    run: (comm) =>
      reported(
        new MPIBatch(comm, 1, 2).run(({ task, signal }) => (task === 1 ? untilAborted(signal) : undefined), {
          timeout: 50,
        }),
      ),
    expected: everywhere({ tells: "1 done, 1 failed (1: task 1 took longer than 50 ms)" }),
  },
];

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

const ABORTS: readonly Fault[] = [
  {
    name: "abort(7) on one rank",
    job: {},
    run(comm) {
      if (comm.rank === comm.size - 1) comm.abort(7);
      comm.barrier();
    },
    expected: everywhere({ tells: [null, null, null], exit: 7 }, { tells: [null], exit: 7 }),
  },
];

/** Locks used wrongly; time-outs and aborts. */
export const waitFaults: readonly Fault[] = [...LOCK_MISUSE, ...TIME_OUTS, ...TASKS, ...ABORTS];
