import { describeConformance } from "../conformance/describe.ts";
import { describeEachMpi, describeMpi, launchLine, TYPESCRIPT } from "./launch.ts";

/** MPICH polls and does not yield: with more ranks than cores a message between nodes costs scheduler ticks. */
const JOB_MS = 600_000;

describeEachMpi((mpi) => {
  for (const ranks of [1, 2, 3, 4]) {
    describeConformance(`${ranks} ranks`, [...launchLine(mpi, ranks), ...TYPESCRIPT], {
      ranks,
      jobMs: JOB_MS,
    });
  }
  describeConformance("2 ranks, read-only arrays", [...launchLine(mpi, 2), ...TYPESCRIPT], {
    ranks: 2,
    env: { PSHMEM_GUARD: "1" },
    jobMs: JOB_MS,
  });
});

/** MPICH can behave as if its ranks were on several nodes. */
const simulated = [
  { title: "4 ranks on 2 nodes, cyclic", ranks: 4, nodes: 2, block: false, windows: "rma" },
  { title: "4 ranks on 2 nodes, block", ranks: 4, nodes: 2, block: true, windows: "messages" },
  { title: "2 + 1 + 1 ranks on 3 nodes, cyclic", ranks: 4, nodes: 3, block: false, windows: "messages" },
  { title: "2 + 1 ranks on 2 nodes, block", ranks: 3, nodes: 2, block: true, windows: "rma" },
];

describeMpi("MPICH", (mpi) => {
  for (const { title, ranks, nodes, block, windows } of simulated) {
    const env = {
      PSHMEM_WINDOWS: windows,
      MPIR_CVAR_NUM_CLIQUES: String(nodes),
      ...(block ? { MPIR_CVAR_CLIQUES_BY_BLOCK: "1" } : {}),
    };
    describeConformance(`${title}, ${windows}`, [...launchLine(mpi, ranks), ...TYPESCRIPT], {
      ranks,
      env,
      jobMs: JOB_MS,
    });
  }
});
