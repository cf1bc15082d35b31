/** Trees of ranks, and the nodes they live on. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GroupTopology } from "../../dist/comm/topology.js";
import { branchOf } from "../../dist/comm/tree.js";

/** The steps it takes from the root to everybody, each rank passing on to its children one after the other. */
function reach(root: number, count: number): number[] {
  const steps: number[] = [];
  const visit = (index: number, at: number) => {
    expect(steps[index], `${index} is reached twice`).toBeUndefined();
    steps[index] = at;
    branchOf(index, root, count).children.forEach((child, i) => visit(child, at + i + 1));
  };
  visit(root, 0);
  return steps;
}

describe("branchOf", () => {
  it("reaches everybody once from every root, in logarithmic time", () => {
    for (let count = 1; count <= 40; count++) {
      for (let root = 0; root < count; root++) {
        const steps = reach(root, count);
        expect(Object.keys(steps).length).toBe(count);
        expect(Math.max(...steps)).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
      }
    }
  });

  it("has parents that know their children", () => {
    const strangers: number[][] = [];
    for (let count = 1; count <= 40; count++) {
      for (let root = 0; root < count; root++) {
        for (let index = 0; index < count; index++) {
          const { parent, children } = branchOf(index, root, count);
          const known = parent === null || branchOf(parent, root, count).children.includes(index);
          const knows = children.every((child) => branchOf(child, root, count).parent === index);
          if (!known || !knows || (parent === null) !== (index === root))
            strangers.push([index, root, count]);
        }
      }
    }
    expect(strangers).toEqual([]);
  });
});

const placements = fc.array(fc.integer({ min: -3, max: 5 }), { minLength: 1, maxLength: 20 });

describe("GroupTopology", () => {
  it("is the same for all ranks but for themselves, on any placement", () => {
    fc.assert(
      fc.property(placements, (keys) => {
        const all = keys.map((_, rank) => new GroupTopology(rank, keys));
        all.forEach((topology, rank) => {
          expect(topology.nodes).toEqual(all[0].nodes);
          expect(topology.nodeCount).toBe(new Set(keys).size);
          expect(topology.nodeIndex).toBe(topology.nodeOf(rank));
          expect(topology.mates[topology.nodeRank]).toBe(rank);
          expect(topology.nodeSize).toBe(keys.filter((key) => key === keys[rank]).length);
        });
      }),
    );
  });

  it("puts two ranks on one node exactly if their keys are equal, and counts nodes by their lowest rank", () => {
    fc.assert(
      fc.property(placements, (keys) => {
        const topology = new GroupTopology(0, keys);
        keys.forEach((a, i) => {
          keys.forEach((b, j) => expect(topology.nodeOf(i) === topology.nodeOf(j)).toBe(a === b));
        });
        const leaders = topology.nodes.map((mates) => mates[0]);
        expect(leaders).toEqual(leaders.toSorted((a, b) => a - b));
        for (const mates of topology.nodes) expect(mates).toEqual(mates.toSorted((a, b) => a - b));
      }),
    );
  });

  it("refuses ranks that are none", () => {
    const topology = new GroupTopology(0, [7, 7]);
    for (const rank of [-1, 2, 0.5, NaN]) {
      expect(() => topology.nodeOf(rank)).toThrow(
        expect.objectContaining({ code: "BAD_RANK", actual: rank }),
      );
    }
  });
});
