/** Part of `npm run faults`: all faults that share jobs, and a few that need one each. */
import { describeFaults } from "../faults.ts";

const SHARED = ["Bad inputs", "Mismatches", "Use after the end", "Locks, time-outs, aborts"];
const ALONE = [
  "in barrier",
  "before a barrier, and of its node only rank 2 knows, then another collective",
  "in set, while its data is read",
  "the ends of all others while one is in recv from any rank",
  "a rank sleeps while another waits for its message, and one of another node for that one's",
  "SIGTERM to the launcher",
];
const ACROSS = "and a rank of another node comes";

describeFaults(
  ["mpich", "openmpi", "openmpi-recovery"],
  (family, name) => SHARED.includes(family) || ALONE.includes(name) || name.endsWith(ACROSS),
);
