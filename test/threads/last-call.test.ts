/** The last call of a job on threads; see `itComesThrough`. */
import { describe } from "vitest";
import { itComesThrough, RANKS } from "../last-call/last-call.ts";

const cli = new URL("../../dist/cli/main.js", import.meta.url).pathname;

describe.each(["1", "2", "4"])("on threads, nodes: %s", (nodes) => {
  itComesThrough([process.execPath, cli, "run", "-n", String(RANKS), "--nodes", nodes]);
});
