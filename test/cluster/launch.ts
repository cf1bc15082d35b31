/** Starting ranks on a cluster of network namespaces, over TCP, as launchers start them on a real one. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { launchLine, type Mpi } from "../mpi/launch.ts";

const CLUSTER = fileURLToPath(new URL("cluster", import.meta.url));
const AGENT = fileURLToPath(new URL("agent", import.meta.url));

/** As `cluster` sets it up. */
const [BRIDGE, NETWORK] = ["cluster0", "10.77.0.0/24"];

/** Everything a command makes inside ends with it. */
const UNSHARE = [
  "--net",
  "--mount",
  "--pid",
  "--mount-proc",
  "--fork",
  "--kill-child",
  // Whoever is not root may be it in a namespace of their own, where that is permitted.
  ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
];

/** Where the ranks are. */
export interface Placement {
  readonly title: string;
  /** How many ranks each node has. */
  readonly nodes: readonly number[];
  readonly cyclic: boolean;
}

export const TWO_NODES: Placement = { title: "2 + 2 ranks, block", nodes: [2, 2], cyclic: false };

export const PLACEMENTS: readonly Placement[] = [
  TWO_NODES,
  { title: "2 + 2 ranks, cyclic", nodes: [2, 2], cyclic: true },
  { title: "3 + 1 ranks", nodes: [3, 1], cyclic: false },
  { title: "2 + 1 + 1 ranks on three nodes", nodes: [2, 1, 1], cyclic: false },
];

/** Local: the command line, but for the program, that starts ranks on a cluster of its own. */
export function clusterLine(
  mpi: Mpi,
  { nodes, cyclic }: Placement,
): readonly [command: string, ...args: string[]] {
  const options = mpi.name === "MPICH" ? mpichOptions(nodes, cyclic) : openMpiOptions(nodes, cyclic);
  const ranks = nodes.reduce((sum, count) => sum + count, 0);
  return ["unshare", ...UNSHARE, CLUSTER, String(nodes.length), ...launchLine(mpi, ranks, options)];
}

/** MPICH goes through the list again when it has come to its end. */
function mpichOptions(nodes: readonly number[], cyclic: boolean): readonly string[] {
  const hosts = hostList(cyclic ? nodes.map(() => 1) : nodes);
  return ["-launcher", "ssh", "-launcher-exec", AGENT, "-hosts", hosts, "-iface", BRIDGE];
}

function openMpiOptions(nodes: readonly number[], cyclic: boolean): readonly string[] {
  const settings = { plm_rsh_agent: AGENT, oob_tcp_if_include: NETWORK, btl_tcp_if_include: NETWORK };
  const options = Object.entries(settings).flatMap(([name, value]) => ["--mca", name, value]);
  return [...options, "-H", hostList(nodes), ...(cyclic ? ["--map-by", "node"] : [])];
}

function hostList(nodes: readonly number[]): string {
  return nodes.map((count, node) => `node${node + 1}:${count}`).join(",");
}

/** Why there can be no cluster here; null where there can. */
export function whyNoCluster(): string | null {
  const { status, stderr, error } = spawnSync("unshare", [...UNSHARE, CLUSTER, "1", "true"], {
    encoding: "utf8",
  });
  if (status === 0) return null;
  const problem = error?.message ?? stderr.trim().split("\n").at(-1);
  return `network namespaces are not permitted here (${problem}): run the tests as root, on Linux, with iproute2`;
}
