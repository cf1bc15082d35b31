/** Mistakes to plant in the product, so that a test can see that the fuzzer catches them. */
import { world, type Communicator } from "../dist/index.js";

/** A method of a communicator. */
type Method = (this: Communicator, ...args: unknown[]) => unknown;

/** What replaces a method of the product, which it is given. */
interface Mutant {
  readonly method: "allreduce" | "bcast" | "gather";
  readonly broken: (good: Method) => Method;
}

const MUTANTS = {
  /** The last rank is given another value. */
  "wrong-result": {
    method: "allreduce",
    broken: (good) =>
      function (...args) {
        const result = good.apply(this, args);
        return typeof result === "number" && this.rank === this.size - 1 ? result + 1 : result;
      },
  },
  /** What is wrong with a root is thrown by the rank that sees it, as whatever it is. */
  "untyped-error": {
    method: "bcast",
    broken: (good) =>
      function (value, root) {
        if (root !== undefined && typeof root !== "number") throw new TypeError("the root is no number");
        return good.call(this, value, root);
      },
  },
  /** A rank whose root is no rank never comes to the meeting. */
  hang: {
    method: "gather",
    broken: (good) =>
      function (value, root) {
        if (root === -1 || root === this.size) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
        return good.call(this, value, root);
      },
  },
} satisfies Record<string, Mutant>;

/** The name of a planted mistake. */
export type MutantName = keyof typeof MUTANTS;

/** Their names. */
export const MUTANT_NAMES = Object.keys(MUTANTS) as readonly MutantName[];

/** Local: from now on this rank's communicators make the mistake. */
export function breakProduct(name: MutantName): void {
  const { method, broken }: Mutant = MUTANTS[name];
  const prototype = Object.getPrototypeOf(world()) as Record<string, Method>;
  prototype[method] = broken(prototype[method]);
}
