import { describeConformance } from "../conformance/describe.ts";

const cli = new URL("../../dist/cli/main.js", import.meta.url).pathname;

for (const ranks of [1, 2, 3, 4]) {
  describeConformance(`threads, ${ranks} ranks`, [process.execPath, cli, "run", "-n", String(ranks)], {
    ranks,
  });
}

const simulated = {
  "threads, 4 ranks on 2 nodes, block": ["--nodes", "2"],
  "threads, 4 ranks on 2 nodes, cyclic": ["--nodes", "2", "--placement", "cyclic"],
  "threads, 3 + 1 ranks on 2 nodes": ["--node-sizes", "3,1"],
};

for (const [title, options] of Object.entries(simulated)) {
  describeConformance(title, [process.execPath, cli, "run", "-n", "4", ...options], { ranks: 4 });
}
