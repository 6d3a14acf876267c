/** Whether the deployment works: when the new version answers, the doctor checks it from outside. */
import type { Health } from "../../worker/reports/health.ts";
import { MAIN } from "../../worker/store/shards.ts";
import { VERSION } from "../../worker/version.ts";
import { shardOf } from "../databases.ts";
import type { Finding } from "../doctor/check.ts";
import { examine } from "../doctor/examine.ts";
import { placeAt } from "../doctor/place.ts";
import type { Database } from "./instance.ts";
import { pendingIn } from "./migrations.ts";
import type { Step, Work } from "./work.ts";
import { madeToken } from "./worker.ts";

/** A new address needs time for its certificate and for DNS. */
const PATIENCE_MS = 180_000;
const PAUSE_MS = 2_000;

async function ask(address: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(30_000), cache: "no-store" });
  return { status: answer.status, text: await answer.text() };
}

/** Why the new version does not answer yet; null where it does. */
async function missingAt(url: string, databases: readonly Database[]): Promise<string | null> {
  try {
    const health = await ask(`${url}/health`);
    if (health.status !== 200) return `/health answered ${health.status}: ${health.text.slice(0, 1_000)}`;
    // The old version may still answer for some seconds.
    const { version, migration, shards = {} } = JSON.parse(health.text) as Partial<Health>;
    const newest = pendingIn([]).at(-1);
    if (version !== VERSION || migration !== newest)
      return `/health is that of ${version} with the migration ${migration}, not of ${VERSION} with ${newest}`;
    for (const { binding } of databases) {
      const shard = shardOf(binding);
      const migrated = shard === MAIN ? migration : shards[shard]?.migration;
      if (migrated !== newest)
        return `/health has the shard ${shard} with the migration ${migrated}, not with ${newest}`;
    }
    const page = await ask(`${url}/`);
    return page.status === 200 ? null : `the dashboard answered ${page.status}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return `${message}${cause instanceof Error ? `: ${cause.message}` : ""}`;
  }
}

async function untilItAnswers(url: string, databases: readonly Database[]): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const missing = await missingAt(url, databases);
    if (missing === null) return;
    if (Date.now() >= until)
      throw new Error(
        `${url} is deployed and does not answer well: ${missing}\nA new domain may need some minutes. Otherwise \`npm run wrangler -- tail\` shows what goes wrong, and \`npm run wrangler -- rollback\` brings the version before back.`,
      );
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}

/** The doctor's key: the one of the environment, otherwise the one that was made here, as long as it is valid. */
async function keyFor(url: string, work: Work): Promise<string | undefined> {
  if (process.env.EDGEPIXEL_KEY) return process.env.EDGEPIXEL_KEY;
  const made = madeToken(work);
  if (made === undefined) return undefined;
  const { status } = await placeAt(new URL(url), made).ask("/api/v1/session");
  return status === 401 ? undefined : made;
}

/** Faults that do not depend on the version: money without a rate, this machine's clock, and a database that is full. */
const NOT_OF_A_VERSION: readonly string[] = ["rates", "clock", "space"];

export const failsDeployment = ({ name, finding }: { name: string; finding: Pick<Finding, "verdict"> }): boolean =>
  finding.verdict === "wrong" && !NOT_OF_A_VERSION.includes(name);

export const askStep: Step = {
  name: "does it work?",
  would: () => "wait until the new version answers, then ask it all that `npm run doctor` asks",
  async run(work) {
    const { url } = work;
    if (url === null) return "cannot be asked: Wrangler named no address";
    await untilItAnswers(url, work.instance.databases);
    const place = placeAt(new URL(url), await keyFor(url, work));
    const findings = await Array.fromAsync(examine(place));
    const by = Object.groupBy(findings, ({ finding }) => finding.verdict);
    const lines = (found: typeof findings = []) =>
      found.map(({ name, finding: { says, mend } }) => `\n  ${name}: ${says}${mend ? ` ${mend}` : ""}`).join("");
    if (findings.some(failsDeployment))
      throw new Error(
        `${url} is deployed, and the doctor finds what is wrong:${lines(by.wrong)}\n\`npm run doctor -- --url ${url}\` looks again. \`npm run wrangler -- rollback\` brings the version before back.`,
      );
    return `${url} is well: ${by.ok?.length ?? 0} checks of the doctor${lines(by.wrong)}${lines(by.warning)}${lines(by["left out"])}`;
  },
};
