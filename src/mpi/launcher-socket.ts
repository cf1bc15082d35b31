/** The socket through which MPICH's launcher talks to a process, where a process between the two has kept it to itself. */
import { fstatSync, readFileSync, readlinkSync } from "node:fs";
import { PshmemError } from "../errors.ts";
import { posix } from "../native/posix.ts";

/** The same on every architecture. */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;

/** The number of the socket, as the launcher passes it on (PMI version 1). */
const NAME = "PMI_FD";

/**
 * Local, before MPI is started: Node closes such descriptors in the processes it starts, so under `mpirun npx …` the socket is left with npx. It is
 * fetched from there.
 *
 * @throws BAD_LAUNCH where that is not permitted, since MPI would end the process
 */
export function fetchLauncherSocket(): void {
  const text = process.env[NAME];
  if (process.platform !== "linux" || text === undefined || isSocket(Number(text))) return;
  const fetched = fetchFromAncestor(text);
  if (fetched === null) throw lost(text);
  process.env[NAME] = String(fetched);
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}

/** The nearest process above this one that was told of the same socket and has it. */
function fetchFromAncestor(text: string): number | null {
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid)) {
    if (hasSocket(pid, text)) return fetchFrom(pid, Number(text));
  }
  return null;
}

function hasSocket(pid: number, text: string): boolean {
  try {
    const told = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${NAME}=${text}`);
    return told && readlinkSync(`/proc/${pid}/fd/${text}`).startsWith("socket:");
  } catch {
    return false;
  }
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
  } catch {
    return 0;
  }
}

function fetchFrom(pid: number, descriptor: number): number | null {
  const { syscall_of_ints: call } = posix();
  // The descriptor of the process goes with this one; there is one such call in its life.
  const processDescriptor = call!(SYS_PIDFD_OPEN, pid, 0, 0);
  const own = processDescriptor < 0 ? -1 : call!(SYS_PIDFD_GETFD, processDescriptor, descriptor, 0);
  return own < 0 ? null : own;
}

function lost(text: string): PshmemError {
  const message =
    `the launcher talks to this process through descriptor ${text}, which a process between the two (npx, npm) has closed, and fetching it from there is not ` +
    "permitted. Start the program without it: mpirun -n 4 node program.js, or mpirun -n 4 node_modules/.bin/pshmem";
  return new PshmemError("BAD_LAUNCH", message, { actual: text });
}
