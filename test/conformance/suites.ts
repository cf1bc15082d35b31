/** All conformance suites by name. */
import type { Case } from "./case.ts";
import { argumentCases } from "./arguments.ts";
import { batchCases } from "./batch.ts";
import { collectiveCases } from "./collectives.ts";
import { communicatorCases } from "./communicator.ts";
import { jointCases } from "./joint.ts";
import { lockCases } from "./lock.ts";
import { memoryCases } from "./memory.ts";
import { messageCases } from "./messages.ts";
import { sharedCases } from "./shared.ts";
import { windowCases } from "./window.ts";

export const suites = {
  communicator: communicatorCases,
  collectives: collectiveCases,
  messages: messageCases,
  window: windowCases,
  shared: [...sharedCases, ...jointCases],
  memory: memoryCases,
  lock: lockCases,
  batch: batchCases,
  arguments: argumentCases,
} satisfies Record<string, readonly Case[]>;

export type SuiteName = keyof typeof suites;
