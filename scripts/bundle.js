// Makes the few files that the package ships. Of the time that a rank needs to start, finding and loading some 170 modules was the most.
// The modules that tsc writes to dist/ are for tests.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const settings = {
  absWorkingDir: fileURLToPath(new URL("../", import.meta.url)),
  // As deep as the modules are, so that paths from there to the package's other files hold here too.
  outdir: "dist/bundle",
  entryNames: "[name]",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "es2022",
  // Short, so that each rank has less to read and to compile, and in ASCII, as esbuild writes unless told otherwise: one character beyond
  // makes Node hold the whole file in two bytes a character. Names stay as they are, and lines stay short, for those who read stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
  sourcemap: true,
  sourcesContent: false,
};

// What a rank of a user's job loads is a file a thread, each whole. They share no state: the thread's seat is in its global object.
for (const file of [
  "src/index.ts",
  "src/threads/entry.ts",
  "src/mpi/attendant-thread.ts",
  "src/mpi/copier-thread.ts",
]) {
  await build({ ...settings, entryPoints: [file] });
}

// The command, and what it runs without the user's program. These share what they have in common, and never meet the two above in a thread.
await build({
  ...settings,
  entryPoints: ["src/cli/main.ts", "src/cli/selftest.ts", "src/cli/bench.ts"],
  splitting: true,
});
