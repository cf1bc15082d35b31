/** Collectives under way as promises: the next one of a communicator begins when the one before has ended (MPI-4.1 §6.12). */
import { DONE, type Concern, type Machine, type Outcome, type Pace } from "../node/machine.ts";

/** A collective that has been called and has not ended. */
interface Called {
  /** Null until it begins. */
  machine: Machine | null;
  isOver: boolean;
  /** @throws what is wrong before it begins */
  readonly begin: () => Machine;
  /** Settles the promise. */
  readonly settle: (how: () => void) => void;
  /** After the machine is done. @throws what the collective has come to */
  readonly conclude: () => void;
}

/** The asynchronous collectives of one communicator on one rank, in the order of the calls. */
export class Turns {
  readonly #pace: Pace;
  readonly #called: Called[] = [];

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** Local: `begin` runs at once if nothing is under way. The promise settles as `begin` and `conclude` do. */
  take(begin: () => Machine, conclude: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (how: () => void): void => {
        try {
          how();
          resolve();
        } catch (error) {
          reject(error);
        }
      };
      this.#called.push({ machine: null, isOver: false, begin, settle, conclude });
      if (this.#called.length === 1) void this.#drive(this.#called[0]);
    });
  }

  /** Local, blocking: until nothing is under way, so that a blocking collective may begin. */
  finish(): void {
    for (let first = this.#called[0]; first; first = this.#called[0]) {
      this.#end(first, () => {
        first.machine ??= new OwnMachine(first.begin());
        this.#pace.run(first.machine);
        first.conclude();
      });
    }
  }

  async #drive(called: Called): Promise<void> {
    let how = called.conclude;
    try {
      called.machine = new OwnMachine(called.begin());
      await this.#pace.runAsync(called.machine);
    } catch (error) {
      how = () => {
        throw error;
      };
    }
    // A blocking collective may have ended this one, and with it all that were called before it.
    if (called.isOver) return;
    this.#end(called, how);
    if (this.#called.length > 0) void this.#drive(this.#called[0]);
  }

  #end(called: Called, how: () => void): void {
    called.isOver = true;
    called.settle(how);
    this.#called.shift();
  }
}

/** Stays done: the machine of a communicator's meetings is used again for the next one, while a promise may still look at this. */
class OwnMachine implements Machine {
  readonly #machine: Machine;
  #isDone = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  get concern(): Concern | undefined {
    return this.#machine.concern;
  }

  step(): Outcome {
    if (this.#isDone) return DONE;
    const outcome = this.#machine.step();
    this.#isDone = outcome === DONE;
    return outcome;
  }
}
