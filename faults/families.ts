/** All faults, by family. */
import { closedFaults } from "./families/closed.ts";
import { deathFaults } from "./families/deaths.ts";
import { defectFaults } from "./families/defects.ts";
import { diskFaults } from "./families/disks.ts";
import { inputFaults } from "./families/inputs.ts";
import { memoryFaults } from "./families/memory.ts";
import { mismatchFaults } from "./families/mismatches.ts";
import { signalFaults } from "./families/signals.ts";
import { stallFaults } from "./families/stalls.ts";
import { startFaults } from "./families/starts.ts";
import { waitFaults } from "./families/waits.ts";
import type { Fault } from "./fault.ts";

/** What the families are called in the table, and what is in them. */
export const FAMILIES: Readonly<Record<string, readonly Fault[]>> = {
  "Bad inputs": inputFaults,
  Mismatches: mismatchFaults,
  "Use after the end": closedFaults,
  "Locks, time-outs, aborts": waitFaults,
  "A rank ends or dies": deathFaults,
  "A rank does not come": stallFaults,
  Memory: memoryFaults,
  Disks: diskFaults,
  Signals: signalFaults,
  "Jobs that cannot begin": startFaults,
  "Defects of the Python original": defectFaults,
};
