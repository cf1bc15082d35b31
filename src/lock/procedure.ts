/**
 * Calls that may wait several times, written once: a generator that yields each wait, driven by blocking or by promises.
 */
import { GOING, type Ending, type Machine, type Outcome, type Pace, type Patience } from "../node/machine.ts";

/** A machine to run until it is done or patience ends. */
interface Wait {
  readonly machine: Machine;
  readonly patience?: Patience;
}

/** A call in the making: yields its waits, is told how each ended, returns its result. */
export type Procedure<T> = Generator<Wait, T, Ending>;

/** A machine whose operation can be ended early. */
interface Revocable extends Machine {
  giveUp(): void;
}

/** Local: steps a machine while it can go on by itself. Does not block. */
export function drive(machine: Machine): Outcome {
  for (;;) {
    const outcome = machine.step();
    if (outcome !== GOING) return outcome;
  }
}

/** Local, blocking: carries a procedure out. */
export function perform<T>(pace: Pace, procedure: Procedure<T>): T {
  let turn = procedure.next();
  while (!turn.done) {
    let ending: Ending;
    try {
      ending = pace.run(turn.value.machine, turn.value.patience);
    } catch (error) {
      turn = procedure.throw(error);
      continue;
    }
    turn = procedure.next(ending);
  }
  return turn.value;
}

/** Local: carries a procedure out without blocking. What needs no waiting is done before this returns. */
export async function performAsync<T>(pace: Pace, procedure: Procedure<T>): Promise<T> {
  let turn = procedure.next();
  while (!turn.done) {
    let ending: Ending;
    try {
      // oxlint-disable-next-line no-await-in-loop -- each wait follows from the one before
      ending = await pace.runAsync(turn.value.machine, turn.value.patience);
    } catch (error) {
      turn = procedure.throw(error);
      continue;
    }
    turn = procedure.next(ending);
  }
  return turn.value;
}

/** Waits as long as patience lasts; then, or when the wait fails, has the machine give up and sees that through. */
export function* patiently(machine: Revocable, patience: Patience): Procedure<Ending> {
  let ending: Ending | undefined;
  try {
    ending = yield { machine, patience };
    return ending;
  } finally {
    if (ending !== "done") {
      machine.giveUp();
      yield { machine };
    }
  }
}
