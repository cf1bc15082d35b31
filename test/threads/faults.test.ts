/** Part of `npm run faults`: all faults that share jobs, and a few that need one each. */
import { describeFaults } from "../faults.ts";

const SHARED = ["Bad inputs", "Mismatches", "Use after the end", "Locks, time-outs, aborts"];
const ALONE = [
  "an uncaught error",
  "in barrier",
  "before a barrier, and of its node only rank 0 knows, then another collective",
  "before a barrier, and of its node only rank 2 knows, then another collective",
  "in set, while its data is read",
];
const ACROSS = "and a rank of another node comes";

describeFaults(
  ["serial", "threads", "threads-nodes"],
  (family, name) => SHARED.includes(family) || ALONE.includes(name) || name.endsWith(ACROSS),
);
