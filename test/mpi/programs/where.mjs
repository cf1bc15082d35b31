// Tells which world it finds.
import { world } from "pshmem";

const { rank, size, backend } = world();
console.log(`rank ${rank} of ${size} on ${backend}`);
