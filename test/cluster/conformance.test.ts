import { describeConformance } from "../conformance/describe.ts";
import { ON_LINUX, cannotRun, describeEachMpi, TYPESCRIPT } from "../mpi/launch.ts";
import { clusterLine, PLACEMENTS, whyNoCluster } from "./launch.ts";

/** Ranks that wait for the network look for messages all the time, and there may be few cores for them. */
const JOB_MS = 600_000;

const reason = whyNoCluster();

if (reason) cannotRun("conformance on a cluster", reason, ON_LINUX);
else
  describeEachMpi((mpi) => {
    for (const placement of PLACEMENTS) {
      const launch = [...clusterLine(mpi, placement), ...TYPESCRIPT] as const;
      describeConformance(placement.title, launch, { ranks: 4, jobMs: JOB_MS });
    }
  });
