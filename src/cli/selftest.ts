/** The self-test as a program: every rank of a job imports it, and so does `pshmem selftest` in its own process. */
import { selftest } from "../selftest/main.ts";

/** The exit code: 0 when every check passed on this rank, else 1. */
export const outcome = (await selftest()) ? 0 : 1;

process.exitCode = outcome;
