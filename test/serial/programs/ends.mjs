// A rank alone comes to an end: `ends.mjs end [value]`, the value in JSON.
import { world } from "pshmem";

const [end, value = "null"] = process.argv.slice(2);
const comm = world();

const ends = {
  nothing() {},
  exit: (code) => process.exit(code),
  exitCode(code) {
    process.exitCode = code;
  },
  abort: (code) => comm.abort(code),
  throw() {
    throw new TypeError("boom");
  },
  never: () => new Promise(() => {}),
};

await ends[end](JSON.parse(value));
