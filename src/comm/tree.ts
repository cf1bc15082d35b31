/** Binomial trees: in ⌈log₂ n⌉ steps one reaches all, or all reach one (Thakur, Rabenseifner and Gropp 2005, §4). */

/** The place of `index` in a binomial tree over 0 … count − 1 whose root is `root`. */
export interface Branch {
  /** Null for the root. */
  readonly parent: number | null;
  /** Nearest subtree last: those with the most below them come first. */
  readonly children: readonly number[];
}

/** The branch of `index`. Local. */
export function branchOf(index: number, root: number, count: number): Branch {
  const own = (index - root + count) % count;
  const real = (virtual: number) => (virtual + root) % count;
  const children: number[] = [];
  // A virtual index owns the bits below its lowest set bit; the root owns all.
  for (let bit = 1; bit < count && (own & bit) === 0; bit *= 2) {
    if (own + bit < count) children.unshift(real(own + bit));
  }
  return { parent: own === 0 ? null : real(own & (own - 1)), children };
}
