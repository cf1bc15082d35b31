/** Vitest ends its processes without letting them exit, so what they covered must be written while they live. */
import { takeCoverage } from "node:v8";
import { afterAll } from "vitest";

afterAll(() => takeCoverage());
