// A rank alone waits for a message that nobody sends.
import { world } from "../../../dist/index.js";

const comm = world();
const request = comm.irecv();
await request.waitAsync();
