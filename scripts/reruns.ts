/** Prints the tests that passed only when they were run again, and why they failed first. `test.ts` repeats it at the end. */
import type { Reporter, TestCase } from "vitest/node";

export const RERUN = "Passed only when run again:";

const DIFF_CHARACTERS = 4_000;

export default class Reruns implements Reporter {
  onTestCaseResult(test: TestCase): void {
    if (!test.diagnostic()?.flaky) return;
    const [first] = test.result().errors ?? [];
    console.log(`${RERUN} ${test.module.relativeModuleId} > ${test.fullName}: ${first?.message.split("\n")[0] ?? ""}`);
    // The second try has passed, so this is the only information about the reason.
    if (first?.diff) console.log(first.diff.slice(0, DIFF_CHARACTERS));
  }
}
