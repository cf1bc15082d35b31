import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeRanks } from "../../dist/threads/placement.js";

describe("placeRanks", () => {
  it("puts all ranks on one node unless told otherwise", () => {
    expect(placeRanks(3)).toEqual([0, 0, 0]);
  });

  it("fills the nodes in blocks, the first ones one larger", () => {
    expect(placeRanks(4, { nodes: 3 })).toEqual([0, 0, 1, 2]);
    expect(placeRanks(5, { nodes: 2, placement: "block" })).toEqual([0, 0, 0, 1, 1]);
  });

  it("deals the ranks out in turn", () => {
    expect(placeRanks(5, { nodes: 2, placement: "cyclic" })).toEqual([0, 1, 0, 1, 0]);
  });

  it("takes the node sizes as given, in either placement", () => {
    expect(placeRanks(4, { nodeSizes: [3, 1] })).toEqual([0, 0, 0, 1]);
    expect(placeRanks(4, { nodeSizes: [3, 1], placement: "cyclic" })).toEqual([0, 1, 0, 0]);
    expect(placeRanks(4, { nodeSizes: [1, 3], nodes: 2, placement: "cyclic" })).toEqual([0, 1, 1, 1]);
  });

  it.each([
    [4, { nodes: 5 }, "5 nodes need at least 5 ranks"],
    [4, { nodeSizes: [3, 2] }, "add up to 5"],
    [4, { nodeSizes: [3, 1], nodes: 3 }, "are for 2 nodes"],
  ])("refuses %i ranks with %o", (size, options, text) => {
    expect(() => placeRanks(size, options)).toThrow(
      expect.objectContaining({ code: "BAD_ARGUMENT", message: expect.stringContaining(text) }),
    );
  });

  it("numbers nodes by their lowest rank and keeps the sizes asked for", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sizes, fc.constantFrom("block", "cyclic"), (nodeSizes, placement) => {
        const size = nodeSizes.reduce((sum, count) => sum + count, 0);
        const nodeOf = placeRanks(size, { nodeSizes, placement });
        expect([...new Set(nodeOf)]).toEqual(nodeSizes.map((_, node) => node));
        expect(nodeSizes.map((_, node) => nodeOf.filter((other) => other === node).length)).toEqual(
          nodeSizes,
        );
      }),
    );
  });
});
