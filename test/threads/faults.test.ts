/** Part of `npm run faults`: all faults that share jobs, and a few that need one each. */
import { describeFaults } from "../faults.ts";

const SHARED = ["Bad inputs", "Mismatches", "Use after the end", "Locks, time-outs, aborts"];
const ALONE = ["an uncaught error", "in barrier", "in set, while its data is read"];

describeFaults(
  ["serial", "threads", "threads-nodes"],
  (family, name) => SHARED.includes(family) || ALONE.includes(name),
);
