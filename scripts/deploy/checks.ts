/** All checks that run before anything is changed. None stops the others, so one run shows every problem. */
import { TOKEN_HELP } from "./account.ts";
import { bucketCheck } from "./bucket.ts";
import { ApiError, isRefused } from "./cloudflare.ts";
import { databaseCheck } from "./database.ts";
import { domainCheck, subdomainCheck } from "./domain.ts";
import { queuesCheck } from "./queues.ts";
import type { Check, Finding, Work } from "./work.ts";
import { workerCheck } from "./worker.ts";

/** The database comes first, since the bucket must have its jurisdiction; the others run at the same time. */
const FIRST: readonly Check[] = [databaseCheck, workerCheck, queuesCheck, subdomainCheck, domainCheck];
const THEN: readonly Check[] = [bucketCheck];
export const CHECKS: readonly Check[] = [...FIRST, ...THEN];

type Outcome = { check: Check; findings: Finding[]; refused: boolean };

async function outcomeOf(check: Check, work: Work): Promise<Outcome> {
  try {
    return { check, findings: await check.look(work), refused: false };
  } catch (error) {
    if (isRefused(error)) return { check, findings: [], refused: true };
    if (!(error instanceof ApiError)) throw error;
    const code = error.code ? ` (code ${error.code})` : "";
    return {
      check,
      findings: [
        `Cloudflare could not be asked about the ${check.name}: ${error.message}${code}. Try again in a moment.`,
      ],
      refused: false,
    };
  }
}

export async function findingsIn(work: Work): Promise<Finding[]> {
  const outcomes = await Promise.all(FIRST.map((check) => outcomeOf(check, work)));
  outcomes.push(...(await Promise.all(THEN.map((check) => outcomeOf(check, work)))));
  const findings = outcomes.flatMap((one) => one.findings);
  const refused = [...new Set(outcomes.filter((one) => one.refused).map(({ check }) => check.right))];
  if (refused.length === 0) return findings;
  return [
    `The login or token may not use the account ${work.account} for: ${refused.join("; ")}. ${TOKEN_HELP} After \`npm run wrangler -- login\`, no token is needed.`,
    ...findings,
  ];
}
