/**
 * Closes a test run with what went wrong and one plain line of counts,
 * which people and machines can read whatever came before it.
 */
import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

const LINES_OF_ERROR = 30;

export default class Summary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
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
    // Again, and last: a log that is kept may have lost its beginning.
    for (const [where, errors] of wrong(modules)) process.stdout.write(`\n${said(where, errors)}`);
    for (const error of unhandled) process.stdout.write(`\n${said("of no test", [error])}`);
    // What was expected to run and could not must not be overlooked in a long log.
    for (const reason of reasons) process.stdout.write(`\nnot run: ${reason}`);
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }
}

/** Errors of tests, and of whatever is around them. */
function* wrong(modules: readonly TestModule[]): Generator<[where: string, readonly SerializedError[]]> {
  for (const module of modules) {
    if (module.errors().length > 0) yield [module.relativeModuleId, module.errors()];
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) yield [`${module.relativeModuleId}, ${suite.fullName}`, suite.errors()];
    }
    for (const test of module.children.allTests("failed")) yield [nameOf(test), test.result().errors ?? []];
  }
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId}, ${test.fullName}`;
}

function said(where: string, errors: readonly SerializedError[]): string {
  const text = errors.map((error) => [error.message, error.diff, error.stack].filter(Boolean).join("\n"));
  return `FAILED ${where}\n${text.join("\n").split("\n").slice(0, LINES_OF_ERROR).join("\n")}\n`;
}
