/**
 * Protocols on shared words as straight-line code.
 *
 * A protocol is a generator which yields before every access to shared words. Each step then makes at most one access, so the
 * tests can drive the shipped code through every schedule of several ranks. No protocol of the batch ever waits: a rank
 * that dies, or sleeps, in the middle of one holds nobody up.
 */
import { DONE, GOING, type Machine, type Outcome, type Pace } from "../node/machine.ts";

/** Yields before every access to shared words, and returns what it came to. */
export type Protocol<T = void> = Generator<undefined, T, undefined>;

class ProtocolMachine<T> implements Machine {
  result!: T;
  readonly #protocol: Protocol<T>;

  constructor(protocol: Protocol<T>) {
    this.#protocol = protocol;
  }

  step(): Outcome {
    const next = this.#protocol.next();
    if (!next.done) return GOING;
    this.result = next.value;
    return DONE;
  }
}

/** Local. Runs a protocol to its end and returns what it came to. Takes as many steps as it has, and never sleeps. */
export function finish<T>(pace: Pace, protocol: Protocol<T>): T {
  const machine = new ProtocolMachine(protocol);
  pace.run(machine);
  return machine.result;
}
