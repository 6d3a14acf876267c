/** Names what passed only when it was run again, and why it failed first. `test.ts` says it once more at the end. */
import type { Reporter, TestCase } from "vitest/node";

export const RERUN = "Passed only when run again:";

const DIFF_CHARACTERS = 4_000;

export default class Reruns implements Reporter {
  onTestCaseResult(test: TestCase): void {
    if (!test.diagnostic()?.flaky) return;
    const [first] = test.result().errors ?? [];
    console.log(`${RERUN} ${test.module.relativeModuleId} > ${test.fullName}: ${first?.message.split("\n")[0] ?? ""}`);
    // Whoever looks for the reason has nothing else: the second try has passed.
    if (first?.diff) console.log(first.diff.slice(0, DIFF_CHARACTERS));
  }
}
