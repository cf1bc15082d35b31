/** Conformance: memory that cannot be had is an error on every rank, and nothing is lost by it. */
import assert from "node:assert/strict";
import { totalmem } from "node:os";
import { MPIShared, PshmemError, type Communicator } from "../../dist/index.js";
import type { Case } from "./case.ts";

/** Four times what the machine has, in elements of 16 bytes. */
const FAR_TOO_MANY = Math.ceil((4 * totalmem()) / 16);

/** Every rank is refused memory, with the same figures; afterwards the communicator makes a smaller array. */
function refused(comm: Communicator, bytes: number, call: () => unknown): void {
  let error: unknown;
  try {
    call();
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof PshmemError, String(error));
  assert.equal(error.code, "NO_MEMORY", error.message);
  assert.ok(error.bytes! >= bytes, `${error.bytes} bytes are wanted`);
  assert.ok(error.available! >= 0 && error.available! < bytes, `${error.available} bytes are available`);
  assert.match(error.message, /ask for less|make several/);
  const others = comm.allgather([error.bytes, error.available, error.rank]);
  for (const other of others) assert.deepEqual(other, others[0]);
  using small = new MPIShared([1000], "float64", comm);
  small.set(new Float64Array(1000).fill(2));
  assert.equal(small.get(999), 2);
  comm.barrier();
}

export const memoryCases: readonly Case[] = [
  {
    name: "an array of four times the machine's memory is refused on every rank",
    run(comm) {
      for (let round = 0; round < 3; round++) {
        refused(comm, FAR_TOO_MANY * 16, () => new MPIShared([FAR_TOO_MANY], "complex128", comm));
        refused(comm, FAR_TOO_MANY * 16, () => new MPIShared([FAR_TOO_MANY, 4], "float32", comm));
      }
    },
  },
  {
    name: "a window too large for the machine is refused on every rank, whoever asks for so much",
    run(comm) {
      for (const asks of [0, comm.size - 1]) {
        const count = comm.rank === asks ? FAR_TOO_MANY : 1;
        refused(comm, FAR_TOO_MANY * 16, () => comm.allocateWindow("complex128", count));
      }
    },
  },
  {
    name: "large arrays come and go, with no end",
    run(comm) {
      for (let round = 0; round < 40; round++) {
        using shared = new MPIShared([(round % 7) + 1, 1024, 1024], "float64", comm);
        assert.equal(shared.get(round % 7, 1023, 1023), 0);
        shared.set([[[round]]], { offset: [round % 7, 1023, 1023], fromRank: round % comm.size });
        assert.equal(shared.get(round % 7, 1023, 1023), round);
        comm.barrier();
      }
    },
  },
];
