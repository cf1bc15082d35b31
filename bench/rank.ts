/** The program of our ranks. Argument: the folder of the job's pipes. */
import { world } from "pshmem";
import { serve } from "./serve.ts";

await serve({ comm: world(), folder: process.argv[2] });
