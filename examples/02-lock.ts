/**
 * A lock: the ranks take turns, first come, first served. Here they keep an account in a file, which would lose deposits if two
 * ranks read and wrote it at the same time.
 *
 *     npx pshmem run -n 4 examples/02-lock.ts
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MPILock, world } from "pshmem";

const ROUNDS = 3;

const comm = world();
const directory = comm.bcast(comm.rank === 0 ? mkdtempSync(join(tmpdir(), "pshmem-lock-")) : "");
const account = join(directory, "account");

/** Reads, adds and writes: three steps during which nobody else may come in. Returns the new balance. */
function deposit(amount: number): number {
  const balance = Number(readFileSync(account, "utf8")) + amount;
  writeFileSync(account, String(balance));
  return balance;
}

if (comm.rank === 0) writeFileSync(account, "0");

// Every rank makes the lock, and so waits here until the file is there.
using lock = new MPILock(comm);

for (let round = 0; round < ROUNDS; round++) {
  // Released at the end of the block, also if something throws.
  using held = lock.acquire();
  const balance = deposit(10);
  console.log(`rank ${comm.rank} had the lock as number ${held.token}: balance ${balance}`);
}

// The plain pair does the same, and so does lock.withLock(() => deposit(1)).
lock.lock();
deposit(1);
lock.unlock();

comm.barrier();
if (comm.rank === 0) {
  console.log(`balance at the end: ${readFileSync(account, "utf8")}`);
  rmSync(directory, { recursive: true });
}
