/** Recognising that a program was started by an MPI launcher, from what launchers put into the environment. */

/** Variables that only launchers of more than one process, or of MPI programs, set. */
const LAUNCHER_VARIABLES = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "PMI_RANK"] as const;

/** Local: whether `MPI_DISABLE` asks for the serial world; empty and `0` do not. */
export function mpiDisabled(env: Readonly<Record<string, string | undefined>>): boolean {
  const value = env["MPI_DISABLE"] ?? "";
  return value !== "" && value !== "0";
}

/** Local: the first launcher variable that is set, as `NAME=value`; null if there is none. */
export function launcherSeen(env: Readonly<Record<string, string | undefined>>): string | null {
  const name = LAUNCHER_VARIABLES.find((variable) => env[variable]);
  if (name) return `${name}=${env[name]}`;
  // A shell inside a Slurm allocation has SLURM_NTASKS too; only srun gives each process a rank of a step.
  if (env["SLURM_PROCID"] && env["SLURM_STEP_ID"] && Number(env["SLURM_STEP_NUM_TASKS"] ?? "1") > 1) {
    return `SLURM_PROCID=${env["SLURM_PROCID"]}`;
  }
  return null;
}
