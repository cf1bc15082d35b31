/** A process for rivals that bring their own workers. Argument: the folder of its pipes. */
import { world } from "pshmem";
import { serve } from "./serve.ts";

// Not started by a launcher: the serial world, one rank.
await serve({ comm: world(), folder: process.argv[2] });
process.exit();
