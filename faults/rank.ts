/**
 * Lets faults happen inside ranks, one after the other: `rank.js <file for what is told> <setting> <family> <names…>`. Lines of JSON are
 * added to the file.
 */
import { mkdirSync } from "node:fs";
import { world } from "../dist/index.js";
import { FAMILIES } from "./families.ts";
import { Death, type Desk, type Fault } from "./fault.ts";
import { addLine, folderOf, linesIn } from "./report.ts";
import { ranksOf, type SettingName } from "./settings.ts";
import { errorText, valueText } from "./telling.ts";

/** How long (ms) a rank that fails waits until the others have told what they have to tell: its failure ends them. */
const OTHERS_MS = 10_000;

const [file, setting, family, ...names] = process.argv.slice(2);
const faults = names.map((name) => FAMILIES[family].find((fault) => fault.name === name)!);
const everyone = world();
const { rank } = everyone;

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** How many ranks have told of a fault. */
function told(name: string): number {
  return linesIn(file).filter((line) => line.fault === name && "told" in line).length;
}

/** Blocking: until all ranks that this fault lets live have told. */
function awaitOthers({ name, expected }: Fault): void {
  const tells = expected[setting as SettingName]!.tells;
  const count = Array.isArray(tells) ? tells.filter((one) => one !== null).length : everyone.size;
  for (let waited = 0; told(name) < count && waited < OTHERS_MS; waited += 20) pause(20);
  if (told(name) < count) console.error(`rank ${rank}: not all have told of '${name}'`);
}

async function suffer(fault: Fault): Promise<void> {
  const { name } = fault;
  const desk: Desk = {
    folder: folderOf(file, fault),
    ready: () => addLine(file, { fault: name, rank, ready: process.pid }),
  };
  const comm = everyone.dup();
  mkdirSync(desk.folder, { recursive: true });
  try {
    addLine(file, { fault: name, rank, told: valueText(await fault.run(comm, desk)) });
  } catch (error) {
    if (error instanceof Death) throw error;
    addLine(file, { fault: name, rank, told: errorText(error) });
    if (!fault.job) return;
    awaitOthers(fault);
    throw error;
  }
}

if (ranksOf(setting as SettingName) !== everyone.size)
  throw new Error(`a world of ${everyone.size} ranks in '${setting}'`);
for (const fault of faults) {
  await suffer(fault);
  if (fault.job) continue;
  everyone.barrier();
  if (rank === 0) addLine(file, { fault: fault.name, rank, through: true });
}
