/** What memory there is, from files as Linux writes them. */
import { describe, expect, it } from "vitest";
import { availableBytes, RESERVE_BYTES, surveyMemory, Surveyor } from "../../dist/node/available.js";

/** Far from the reserve. */
const GiB = 2 ** 30;

const MACHINE = {
  "/proc/meminfo": "MemTotal:       8388608 kB\nMemFree:         100 kB\nMemAvailable:    4294967296 kB\n",
  "/proc/self/status": "VmSize:\t  2097152 kB\nVmRSS:\t 900 kB\nRssAnon:\t 512 kB\nVmSwap:\t 256 kB\n",
  "/proc/self/limits":
    "Max cpu time  unlimited  unlimited  seconds\nMax address space         unlimited            unlimited            bytes     \n",
};

const ROOT_OF_2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const ROOT_OF_1 =
  "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n" +
  "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
  "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";

/** The survey as if nothing were left alone; what is overdrawn has nothing left either way. */
function whole(surveyor: Surveyor) {
  const { memory, ...rest } = surveyor.survey();
  return { ...rest, memory: memory && memory + RESERVE_BYTES };
}

/** The survey on a machine with these files beside or instead of the usual ones. */
function survey(files: Readonly<Record<string, string>> = {}) {
  const all: Record<string, string> = { ...MACHINE, ...files };
  const asked: string[] = [];
  const read = (path: string): string => {
    asked.push(path);
    return all[path] ?? "";
  };
  const surveyor = new Surveyor({ read, free: () => 77 * GiB, own: () => 55 });
  return { ...whole(surveyor), again: () => whole(surveyor), all, asked };
}

function version2(folder: string, most: string, used = 0, stat = ""): Record<string, string> {
  const at = `/sys/fs/cgroup${folder}`;
  return {
    [`${at}/memory.max`]: `${most}\n`,
    [`${at}/memory.current`]: `${used}\n`,
    [`${at}/memory.stat`]: stat,
  };
}

function version1(folder: string, most: number | bigint, used = 0, stat = ""): Record<string, string> {
  const at = `/sys/fs/cgroup/memory${folder}`;
  return {
    [`${at}/memory.limit_in_bytes`]: `${most}\n`,
    [`${at}/memory.usage_in_bytes`]: `${used}\n`,
    [`${at}/memory.stat`]: stat,
  };
}

const IN_2 = { "/proc/self/mountinfo": ROOT_OF_2, "/proc/self/cgroup": "0::/user.slice/job.scope\n" };
const IN_1 = {
  "/proc/self/mountinfo": ROOT_OF_1,
  "/proc/self/cgroup": "5:cpu,cpuacct:/\n4:memory:/slurm/job_7\n0::/\n",
};

describe("the memory available", () => {
  it("is what the machine has, where nothing limits it", () => {
    expect(survey()).toMatchObject({ memory: 4096 * GiB, addresses: Infinity });
  });

  it("is what Node says where there is no /proc", () => {
    const nowhere = new Surveyor({ read: () => "", free: () => 77 * GiB, own: () => 55 });
    expect(whole(nowhere)).toEqual({ memory: 77 * GiB, addresses: Infinity, own: 55 });
  });

  it("of a process counts heaps and shared memory, in memory or swapped out, but no files", () => {
    expect(survey().own).toBe((512 + 256) * 1024);
  });

  it("ends at what ulimit -v leaves of addresses", () => {
    const limits = "Max address space         10737418240          unlimited            bytes     \n";
    expect(survey({ "/proc/self/limits": limits })).toMatchObject({ memory: 4096 * GiB, addresses: 8 * GiB });
    const used = MACHINE["/proc/self/status"].replace("2097152 kB", "20971520 kB");
    expect(survey({ "/proc/self/limits": limits, "/proc/self/status": used }).addresses).toBe(0);
  });

  it("is read anew each time, but the groups are looked up once", () => {
    const { again, all, asked } = survey({ ...IN_2, ...version2("/user.slice/job.scope", `${50 * GiB}`) });
    all["/sys/fs/cgroup/user.slice/job.scope/memory.current"] = String(20 * GiB);
    expect(again().memory).toBe(30 * GiB);
    expect(asked.filter((path) => path === "/proc/self/mountinfo")).toHaveLength(1);
  });

  it("is read on this machine", () => {
    const { memory, addresses, own } = surveyMemory();
    expect(memory).toBeGreaterThan(0);
    expect(addresses).toBeGreaterThan(0);
    expect(own).toBeGreaterThan(0);
    expect(availableBytes()).toBeGreaterThan(0);
  });
});

describe("control groups of version 2", () => {
  it("limit the process", () => {
    expect(survey({ ...IN_2, ...version2("/user.slice/job.scope", `${100 * GiB}`, 30 * GiB) }).memory).toBe(
      70 * GiB,
    );
  });

  it("limit it from above too", () => {
    const files = {
      ...version2("/user.slice", `${64 * GiB}`, 4 * GiB),
      ...version2("/user.slice/job.scope", "max"),
    };
    expect(survey({ ...IN_2, ...files }).memory).toBe(60 * GiB);
    expect(survey({ ...IN_2, ...files, ...version2("", `${50 * GiB}`) }).memory).toBe(50 * GiB);
  });

  it("give pages away that only copy files", () => {
    const stat = `anon 100\nfile ${90 * GiB}\ninactive_file ${20 * GiB}\nactive_file ${5 * GiB}\nshmem 7\n`;
    const files = version2("/user.slice/job.scope", `${100 * GiB}`, 95 * GiB, stat);
    expect(survey({ ...IN_2, ...files }).memory).toBe(30 * GiB);
  });

  it("may be overdrawn", () => {
    expect(survey({ ...IN_2, ...version2("/user.slice", `${10 * GiB}`, 11 * GiB) }).memory).toBe(0);
  });

  it("say max where they do not limit", () => {
    expect(survey({ ...IN_2, ...version2("/user.slice/job.scope", "max", 5) }).memory).toBe(4096 * GiB);
  });

  it("are a container's own, mounted as the whole", () => {
    const files = {
      "/proc/self/mountinfo": ROOT_OF_2.replace(" / ", " /docker/abc "),
      "/proc/self/cgroup": "0::/docker/abc/inner\n",
      ...version2("", `${80 * GiB}`, 10 * GiB),
      ...version2("/inner", `${40 * GiB}`, 5 * GiB),
    };
    expect(survey(files).memory).toBe(35 * GiB);
    expect(survey({ ...files, "/proc/self/cgroup": "0::/docker/abc\n" }).memory).toBe(70 * GiB);
  });
});

describe("control groups of version 1", () => {
  it("limit the process, beside version 2 without memory", () => {
    const beside = `${ROOT_OF_1}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`;
    const files = { "/proc/self/mountinfo": beside, ...version1("/slurm/job_7", 300 * GiB, 100 * GiB) };
    expect(survey({ ...IN_1, ...files }).memory).toBe(200 * GiB);
  });

  it("limit it from above too", () => {
    const files = { ...version1("/slurm", 90 * GiB, GiB), ...version1("/slurm/job_7", 300 * GiB, GiB) };
    expect(survey({ ...IN_1, ...files }).memory).toBe(89 * GiB);
  });

  it("say a number near 2 to the 63 where they do not limit", () => {
    const none = 9223372036854771712n;
    const files = {
      ...version1("", none, 5),
      ...version1("/slurm", none, 5),
      ...version1("/slurm/job_7", none, 5),
    };
    expect(survey({ ...IN_1, ...files }).memory).toBe(4096 * GiB);
  });

  it("give pages away that only copy files, their children's too", () => {
    const stat = `inactive_file 1\ntotal_inactive_file ${2 * GiB}\ntotal_active_file ${3 * GiB}\n`;
    expect(survey({ ...IN_1, ...version1("/slurm/job_7", 10 * GiB, 8 * GiB, stat) }).memory).toBe(7 * GiB);
  });

  it("name memory among other controllers", () => {
    const files = {
      "/proc/self/mountinfo": ROOT_OF_1.replace("rw,memory", "rw,cpuset,memory"),
      "/proc/self/cgroup": "4:cpuset,memory:/x\n",
      ...version1("/x", 10 * GiB, GiB),
    };
    expect(survey(files).memory).toBe(9 * GiB);
  });
});
