/** What is promised of memory: never more than there is, and all of it again when it was given back. */
import { describe, expect, it } from "vitest";
import type { Survey } from "../../dist/node/available.js";
import { collectGarbage } from "../../dist/node/garbage.js";
import { BLOCK_ALIGN, Heap, type Memory } from "../../dist/node/heap.js";
import { Ledger, LEDGER_BYTES } from "../../dist/node/ledger.js";

const MiB = 2 ** 20;

/** A machine of 1000 MiB with a process whose threads share the ledger's words. */
class Machine {
  readonly words = new BigInt64Array(new SharedArrayBuffer(LEDGER_BYTES));
  /** MiB of this process: what Node takes, and shared memory that was touched. */
  own = 64;
  touched = 0;
  addresses = Infinity;
  surveys = 0;

  /** What each rank asks; `look` runs between its look and its promise. */
  ledger(look: () => void = () => {}): Ledger {
    return new Ledger(this.words, () => this.survey(look));
  }

  survey(look: () => void): Survey {
    this.surveys++;
    const survey = {
      memory: (1000 - this.own - this.touched) * MiB,
      addresses: this.addresses * MiB,
      own: (this.own + this.touched) * MiB,
    };
    look();
    return survey;
  }

  get promised(): number {
    return Number(this.words[0]) / MiB;
  }
}

function take(ledger: Ledger, mebibytes: number, readers = 1): string | number {
  try {
    ledger.take(mebibytes * MiB, readers, mebibytes * MiB);
    return "taken";
  } catch (error) {
    expect(error).toMatchObject({ code: "NO_MEMORY", bytes: mebibytes * MiB });
    return (error as { available: number }).available / MiB;
  }
}

describe("a promise", () => {
  it("counts before it is touched", () => {
    const machine = new Machine();
    const ledger = machine.ledger();
    expect(take(ledger, 600)).toBe("taken");
    expect(take(ledger, 600)).toBe(336);
    expect(take(ledger, 336)).toBe("taken");
    expect(take(ledger, 20)).toBe(0);
  });

  it("does not count twice when it is touched", () => {
    const machine = new Machine();
    const ledger = machine.ledger();
    expect(take(ledger, 600)).toBe("taken");
    machine.touched = 600;
    expect(take(ledger, 360)).toBe(336);
    expect(take(ledger, 330)).toBe("taken");
    machine.touched = 700;
    expect(take(ledger, 20)).toBe(6);
  });

  it("of one rank counts for all", () => {
    const machine = new Machine();
    expect(take(machine.ledger(), 600)).toBe("taken");
    expect(take(machine.ledger(), 600)).toBe(336);
  });

  it("that comes between another rank's look and its promise is seen", () => {
    const machine = new Machine();
    const [fast, answers] = [machine.ledger(), [] as unknown[]];
    const slow = machine.ledger(() => answers.push(take(fast, 600)));
    expect(take(slow, 600)).toBe(336);
    expect(answers).toEqual(["taken"]);
  });

  it("that is refused does not count", () => {
    const machine = new Machine();
    const ledger = machine.ledger();
    expect(take(ledger, 2000)).toBe(936);
    expect(machine.promised).toBe(0);
    expect(take(ledger, 900)).toBe("taken");
  });

  it("given back in shares is given back whole", () => {
    const machine = new Machine();
    const ledgers = [0, 1, 2].map(() => machine.ledger());
    for (let round = 0; round < 100; round++) {
      expect(take(ledgers[round % 3], 500, 3)).toBe("taken");
      const buffer = new ArrayBuffer(1);
      const giveBack = ledgers.map((ledger) => ledger.hold(buffer, 500 * MiB, 3));
      for (const one of giveBack) one();
      expect(machine.words[0]).toBe(0n);
    }
  });

  it("is given back when its memory is collected, closed or not", async () => {
    const machine = new Machine();
    const ledger = machine.ledger();
    for (const closes of [true, false]) {
      take(ledger, 300, 2);
      const giveBack = ledger.hold(new ArrayBuffer(1), 300 * MiB, 2);
      if (closes) giveBack();
    }
    for (let look = 0; look < 1000 && machine.promised > 300; look++) {
      collectGarbage();
      await new Promise(setImmediate);
    }
    expect(machine.promised).toBe(300);
  });

  it("for a block that cannot be attached to is given back for the others", () => {
    const machine = new Machine();
    const ledger = machine.ledger();
    take(ledger, 500, 3);
    const giveBack = ledger.hold(new ArrayBuffer(1), 500 * MiB, 3);
    ledger.giveBack(500 * MiB, 3, 2);
    giveBack();
    expect(machine.words[0]).toBe(0n);
  });

  it("keeps within the addresses that ulimit -v leaves, of which it takes its part at once", () => {
    const machine = new Machine();
    const ledger = machine.ledger();
    machine.addresses = 400;
    expect(take(ledger, 500)).toBe(400);
    expect(take(ledger, 300)).toBe("taken");
    machine.addresses = 100;
    expect(take(ledger, 90)).toBe("taken");
  });

  it("for small memory costs no look", () => {
    const machine = new Machine();
    const ledger = machine.ledger();
    for (let i = 0; i < 70; i++) ledger.take(0.1 * MiB, 1, 0.1 * MiB);
    expect(machine.surveys).toBe(0);
    for (let i = 0; i < 700; i++) ledger.take(0.1 * MiB, 1, 0.1 * MiB);
    expect(machine.surveys).toBeLessThan(12);
    expect(machine.promised).toBeCloseTo(77, 0);
  });

  it("needs no words where memory is had at once", () => {
    const machine = new Machine();
    const ledger = new Ledger(null, () => machine.survey(() => {}));
    expect(take(ledger, 600)).toBe("taken");
    machine.touched = 600;
    expect(take(ledger, 360)).toBe(336);
    expect(take(ledger, 330)).toBe("taken");
  });
});

describe("memory that is closed and waits to be collected", () => {
  it("does not pass for touched promises", () => {
    const machine = new Machine();
    const ledger = machine.ledger();
    take(ledger, 400);
    const giveBack = ledger.hold(new ArrayBuffer(1), 400 * MiB, 1);
    machine.touched = 400;
    giveBack();
    expect(take(ledger, 500)).toBe("taken");
    // 550 are left, of which 500 are promised; the 400 that the process has belong to nobody.
    expect(take(ledger, 400)).toBe(36);
    machine.touched = 0;
    ledger.wasCollected();
    expect(take(ledger, 400)).toBe("taken");
  });

  it("is worth a collection when it is much, and was touched", () => {
    const machine = new Machine();
    const ledger = machine.ledger();
    const close = () => {
      take(ledger, 80);
      ledger.hold(new ArrayBuffer(1), 80 * MiB, 1)();
    };
    close();
    expect(ledger.isWasteful()).toBe(false);
    machine.touched = 80;
    close();
    expect(ledger.isWasteful()).toBe(true);
    ledger.wasCollected();
    // The process has grown by something else.
    expect(ledger.isWasteful()).toBe(false);
  });
});

describe("a heap with a ledger", () => {
  const promised = new BigInt64Array(new SharedArrayBuffer(LEDGER_BYTES));
  let collections = 0;
  const buffers: SharedArrayBuffer[] = [];
  const memory: Memory = {
    create: (bytes) => ({ id: buffers.push(new SharedArrayBuffer(bytes)) - 1, buffer: buffers.at(-1)! }),
    attach: (_, id) => buffers[id],
    release: () => {},
    withdraw: () => {},
    readable: (buffer) => buffer,
    promised,
    collect: () => void collections++,
  };

  it("gives back what all have closed, or what is discarded, and keeps its chunks", () => {
    const [owner, other] = [0, 1].map((me) => new Heap(memory, me, [0, 1]));
    const piece = owner.allocate(300_000, [0, 1]);
    const attached = other.attach(piece.location, 300_000);
    expect(promised[0]).toBe(BigInt(BLOCK_ALIGN + 300_000));
    attached.close();
    attached.close();
    expect(promised[0]).toBe(BigInt((BLOCK_ALIGN + 300_000) / 2));
    piece.close();
    expect(promised[0]).toBe(0n);
    owner.discard(owner.allocate(300_000, [0, 1]), [0, 1]);
    expect(promised[0]).toBe(0n);
    // One of two others has attached before a third failed to.
    const lent = owner.allocate(300_000, [0, 1, 2]);
    const opened = other.attach(lent.location, 300_000);
    owner.discard(lent, [0, 1, 2]);
    opened.close();
    expect(promised[0]).toBe(0n);
    owner.allocate(10, [0, 1]).close();
    expect(promised[0]).toBe(BigInt(MiB));
    promised[0] = 0n;
  });

  it("refuses what the machine has not, and gives back what a failure leaves", () => {
    const heap = new Heap(memory, 0, [0]);
    expect(() => heap.allocate(2 ** 52, [0])).toThrow(
      expect.objectContaining({ code: "NO_MEMORY", bytes: 2 ** 52 }),
    );
    const failing = new Heap({ ...memory, create: () => new SharedArrayBuffer(-1) as never }, 0, [0]);
    expect(() => failing.allocate(200_000, [0])).toThrow(
      expect.objectContaining({ code: "NO_MEMORY", bytes: 200_000, available: expect.any(Number) }),
    );
    expect(promised[0]).toBe(0n);
  });

  it("collects on request, where memory has to be collected", () => {
    expect(new Heap(memory, 0, [0]).collect()).toBe(true);
    expect(collections).toBe(1);
    expect(new Heap({ ...memory, collect: null }, 0, [0]).collect()).toBe(false);
  });
});
