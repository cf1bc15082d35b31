// A rank alone comes to an end: `ends.mjs end [value]`, the value in JSON.
import { world } from "pshmem";

const [end, value = "null"] = process.argv.slice(2);
// Earlier than that of the library.
process.on("exit", () => {
  if (end === "atExit") process.exitCode = JSON.parse(value);
});
const comm = world();

const ends = {
  nothing() {},
  atExit() {},
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
