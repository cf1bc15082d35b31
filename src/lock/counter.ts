/** MPICounter: a number that all ranks draw from. */
import { readOptions } from "../comm/arguments.ts";
import type { Communicator } from "../comm/contract.ts";
import { PshmemError } from "../errors.ts";
import { BLOCKED, type Pace } from "../node/machine.ts";
import { communicatorOf, engineOf } from "../world.ts";
import { allocatePlace, badArgument, rootAndDebug } from "./arguments.ts";
import { LineConcern } from "./concern.ts";
import { Lifetime } from "./lifetime.ts";
import { drive } from "./procedure.ts";
import { Tally } from "./tally.ts";

/** How a counter is made. */
export interface MPICounterOptions {
  /** The rank whose memory keeps the number; the same on all ranks. Default 0. */
  readonly root?: number;
}

/**
 * A number shared by the ranks of a communicator, 0 at the start, exact up to 2⁵³ − 1 (and down to its negative). No two ranks
 * get the same number from {@link next}.
 *
 * A rank that dies in the midst of a call has changed the number or has not; the others go on.
 *
 * Its calls block only while another rank is in the midst of the same few steps.
 */
export class MPICounter implements Disposable {
  /** The communicator; the serial one for null. */
  readonly comm: Communicator;
  /** The rank whose memory keeps the number. */
  readonly root: number;
  readonly #rank: number;
  readonly #tally: Tally;
  readonly #concern: LineConcern;
  readonly #pace: Pace;
  readonly #lifetime: Lifetime;

  /** Collective, blocking. @throws BAD_RANK when `root` is not a rank; MISMATCH UNSUPPORTED FREED */
  constructor(comm: Communicator | null, options?: MPICounterOptions | null) {
    const engine = engineOf(comm);
    engine.check("new MPICounter");
    const { given, fault } = readOptions("new MPICounter", options, rootAndDebug);
    const { root } = given;
    const id = engine.nextObject();
    const place = allocatePlace(engine, { op: "new MPICounter", object: id, root, fault });
    this.comm = communicatorOf(comm);
    this.root = root;
    this.#rank = engine.rank;
    this.#tally = new Tally(place);
    this.#concern = new LineConcern(engine, place, this.#tally.recovery, id);
    this.#tally.concern = this.#concern;
    this.#pace = engine.pace;
    this.#lifetime = new Lifetime(engine, place.words, "MPICounter");
  }

  /** Local, blocking: adds `step`, an integer, and returns the number before. @throws BAD_ARGUMENT OUT_OF_BOUNDS FREED */
  next(step = 1): number {
    this.#check("MPICounter.next", step);
    this.#tally.add(step);
    return this.#run("MPICounter.next");
  }

  /** Local, blocking: the number now. @throws FREED */
  value(): number {
    this.#check("MPICounter.value", 0);
    this.#tally.add(0);
    return this.#run("MPICounter.value");
  }

  /** Local, blocking: makes the number `value`, an integer, and returns the one before. @throws BAD_ARGUMENT FREED */
  reset(value = 0): number {
    this.#check("MPICounter.reset", value);
    this.#tally.replace(value);
    return this.#run("MPICounter.reset");
  }

  /** Local, idempotent. The memory is given back when every rank has closed. */
  close(): void {
    this.#lifetime.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #check(call: string, operand: number): void {
    this.#lifetime.check(call);
    if (!Number.isSafeInteger(operand))
      throw badArgument(call, this.#rank, "the argument must be an integer", operand);
  }

  #run(call: string): number {
    if (drive(this.#tally) === BLOCKED) {
      this.#concern.call = call;
      this.#pace.run(this.#tally);
    }
    const { before, overflowed } = this.#tally;
    if (overflowed === 0) return before;
    const text = `${call}: from ${before} this step leaves the integers that a number can hold. The counter is unchanged.`;
    throw new PshmemError("OUT_OF_BOUNDS", text, { call, rank: this.#rank, actual: before });
  }
}
