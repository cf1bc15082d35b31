/** The program of our ranks. Argument: the folder of the job's pipes. */
import { world } from "../dist/index.js";
import { serve } from "./serve.ts";

await serve({ comm: world(), folder: process.argv[2] });
