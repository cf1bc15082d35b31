/** The machine that is simulated: the LogGP model (Alexandrov, Ionescu, Schauser and Scheiman, SPAA 1995). Times in µs. */

/** The parameters. */
export interface Network {
  /** L: from one network card to another. */
  readonly latency: number;
  /** o: of the processor, for a message sent or received. */
  readonly overhead: number;
  /** g: between two messages of a network card. */
  readonly gap: number;
  /** G: for each byte. */
  readonly perByte: number;
  /** Of our own code, for a message sent or received, beside `overhead`. */
  readonly handling: number;
  /** A cache line that another core of the node has. */
  readonly line: number;
  /** For each byte that is copied within a node. */
  readonly perByteCopied: number;
}

/**
 * HPE Slingshot 11 between nodes of 128 cores. From "EESSI on Cray system with Slingshot 11" (eessi.io, 2025; two nodes with AMD EPYC 9745,
 * OSU 7.1, Open MPI 5): 46.6 GB/s in both directions together, so 23.3 GB/s in one, and 2.87 million messages of one byte a second in
 * both together, so 0.70 µs for one sent and one received, of which o and g are half each. From its second part (eessi.io, 2026; OSU
 * 7.5, Cray MPICH 8.1.32, buffers on GPUs): 2.86 µs for 8 bytes, of which L is what the two o leave.
 *
 * Assumed, not measured on that machine: 1 µs for our own code at either end of a message; 0.1 µs for a cache line from another core (the
 * order of what Schweizer, Besta and Hoefler found, PACT 2015); 10 GB/s for one core that copies.
 */
export const SLINGSHOT: Network = {
  latency: 2.16,
  overhead: 0.35,
  gap: 0.35,
  perByte: 1 / 23_300,
  handling: 1,
  line: 0.1,
  perByteCopied: 1 / 10_000,
};
