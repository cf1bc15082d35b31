import { describeConformance } from "../conformance/describe.ts";

const cli = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const run = [process.execPath, cli, "run"] as const;

for (const ranks of [1, 2, 3, 4]) {
  describeConformance(`threads, ${ranks} ranks`, [...run, "-n", String(ranks)], { ranks });
}

const simulated = {
  "threads, 4 ranks on 2 nodes, block": ["--nodes", "2"],
  "threads, 4 ranks on 2 nodes, cyclic": ["--nodes", "2", "--placement", "cyclic"],
  "threads, 3 + 1 ranks on 2 nodes": ["--node-sizes", "3,1"],
};

for (const [title, options] of Object.entries(simulated)) {
  describeConformance(title, [...run, "-n", "4", ...options], { ranks: 4 });
  // Simulated nodes could reach each other's windows by load and store; between real ones it may take requests.
  const env = { PSHMEM_WINDOWS: "messages" };
  describeConformance(`${title}, windows by messages`, [...run, "-n", "4", ...options], { ranks: 4, env });
}

if (process.platform === "linux") {
  const guarded = { ranks: 4, env: { PSHMEM_GUARD: "1" } };
  describeConformance("threads, 4 ranks, read-only arrays", [...run, "-n", "4"], guarded);
  describeConformance(
    "threads, 4 ranks on 2 nodes, read-only arrays",
    [...run, "-n", "4", "--nodes", "2"],
    guarded,
  );
}
