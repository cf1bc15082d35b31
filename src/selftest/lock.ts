/** The self-test of MPILock. */
import assert from "node:assert/strict";
import type { Communicator } from "../comm/contract.ts";
import { MPILock } from "../lock/lock.ts";
import type { Case } from "./case.ts";

const ROUNDS = 5;

/** A counter that only counts right if the ranks take turns: it is read and written in two steps. */
function takeTurns(comm: Communicator): void {
  using counter = comm.allocateWindow("int32", 1);
  using lock = new MPILock(comm, { root: 0, debug: true });
  for (let round = 0; round < ROUNDS; round++) {
    lock.lock();
    const [count] = counter.get(0);
    counter.put(0, 0, count + 1);
    counter.flush(0);
    lock.unlock();
  }
  comm.barrier();
  assert.equal(counter.get(0)[0], ROUNDS * comm.size, "a rank had the lock together with another");
  comm.barrier();
}

/** The cases of the lock. */
export const lockCases: readonly Case[] = [{ name: "lock: five rounds of turns", run: takeTurns }];
