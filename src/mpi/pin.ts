/** Keeping what MPI has loaded where it is. */
import { readFileSync } from "node:fs";
import { native } from "../native/native.ts";

/** `dlfcn.h` of Linux: resolve lazily; never unload; only what is loaded already. */
const RTLD_LAZY = 1;
const RTLD_NOLOAD = 4;
const RTLD_NODELETE = 0x1000;

/**
 * Local, before MPI_Finalize: libraries that are loaded now stay loaded as long as the process lives. UCX, under either MPI, leaves hooks
 * in the C library's `munmap`; when the code they lead to is unloaded, by MPI or as Node ends, the process ends with a segmentation
 * fault after all its work was done.
 */
export function pinLibraries(): void {
  if (process.platform !== "linux") return;
  // void *dlopen(const char *filename, int flags)
  const dlopen = native().load(null, false).bind("dlopen", "intptr_t", ["str", "int"]);
  const maps = readFileSync("/proc/self/maps", "utf8").matchAll(/ (\/\S+\.so(?:\.[\d.]+)?)$/gm);
  const paths = new Set(Array.from(maps, ([, path]) => path));
  for (const path of paths) dlopen(path, RTLD_LAZY + RTLD_NOLOAD + RTLD_NODELETE);
}
