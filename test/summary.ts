/** Closes a test run with one plain line of counts, which people and machines can read whatever came before it. */
import type { Reporter, TestModule } from "vitest/node";

export default class Summary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const reasons = new Set<string>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "pending") continue;
        count[result.state]++;
        if (result.state === "skipped" && result.note) {
          reasons.add(`${module.relativeModuleId}, ${test.name}: ${result.note}`);
        }
      }
    }
    // What was expected to run and could not must not be overlooked in a long log.
    for (const reason of reasons) process.stdout.write(`\nnot run: ${reason}`);
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }
}
