/**
 * `npm run deploy`: deploys a fresh clone as an instance in an account of Cloudflare, or the next version to that instance. It
 * checks the account first and changes nothing where something is missing. Each step does nothing where it is done
 * already, so a deployment that broke off is completed by running it again.
 */
import { resolve } from "node:path";
import { PLANS } from "../worker/store/plan.ts";
import { fail, messageOf, readCommand } from "./command.ts";
import { logIn, TOKEN_HELP } from "./deploy/account.ts";
import { CHECKS, findingsIn } from "./deploy/checks.ts";
import { type Instance, instanceOf, PRODUCTION, type Settings } from "./deploy/instance.ts";
import { MEANING } from "./deploy/plans.ts";
import { STEPS } from "./deploy/steps.ts";
import { JURISDICTIONS, LOCATIONS, nothingFound, planOf, type Wishes, type Work } from "./deploy/work.ts";
import { signIn } from "./deploy/worker.ts";

const { values } = readCommand({
  name: "npm run deploy",
  help: "Puts it into your account of Cloudflare, or brings what is there up to date; docs/deploy.md has more.",
  options: {
    "dry-run": { help: "says what would be done, and does nothing" },
    env: { value: "NAME", default: PRODUCTION, help: "another instance beside it" },
    domain: { value: "HOST", help: "an address of your own" },
    plan: { value: "PLAN", words: Object.keys(PLANS) as (keyof typeof PLANS)[], help: "the account's plan of Workers" },
    location: { value: "PLACE", words: LOCATIONS, help: "where the databases and the bucket are made" },
    jurisdiction: { value: "NAME", words: JURISDICTIONS, help: "where they may be kept only" },
    "without-archive": { help: "without a bucket" },
  },
});

process.chdir(resolve(import.meta.dirname, ".."));

if (!/^[a-z][a-z0-9-]{0,29}$/.test(values.env))
  fail(`--env must be a short name of small letters and digits, such as staging, not ${values.env}.`);
if (values.domain !== undefined && !/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}$/.test(values.domain))
  fail(`--domain must be a host name such as events.example.com, not ${values.domain}.`);
const wishes: Wishes = {
  location: values.location,
  jurisdiction: values.jurisdiction,
  plan: values.plan,
  domain: values.domain ?? null,
};
if (wishes.location && wishes.jurisdiction)
  fail("Give --location or --jurisdiction: within a jurisdiction, Cloudflare chooses the place.");

// Wrangler itself reads its file. It is a large module, so it is loaded only after the options were checked.
const { experimental_readRawConfig: readConfiguration } = await import("wrangler");
const settings = readConfiguration({ config: "wrangler.toml" }).rawConfig as unknown as Settings;
const instance = named();

if (values["dry-run"]) {
  console.log(
    `What \`npm run deploy\` would do for ${instance.worker}. Nothing is done, and nobody needs to be logged in.\n`,
  );
  console.log(`  first, look   ${CHECKS.map(({ name }) => name).join(", ")}`);
  for (const step of STEPS) {
    const lines = step.would({ settings, instance, wishes }).split("\n");
    console.log(lines.map((line, index) => `  ${(index ? "" : step.name).padEnd(30)}${line}`).join("\n"));
  }
  process.exit(0);
}

console.log("Looking at the account …");
const login = await logIn(settings.account_id).catch(unexpected);
if (typeof login === "string") stop([login]);
const { api, account } = login;
// So that Wrangler does not ask for the account.
process.env.CLOUDFLARE_ACCOUNT_ID = account;
const work: Work = { settings, instance, wishes, account, api, found: nothingFound(), url: null };
const findings = await findingsIn(work).catch(unexpected);
if (findings.length > 0) stop(findings);

for (const step of STEPS) {
  process.stdout.write(`${step.name}: `);
  try {
    console.log(await step.run(work));
  } catch (error) {
    const message = messageOf(error);
    // A token may have the right to read but not to write, which shows only here.
    const help = /\[code: 10000\]|Authentication error/.test(message)
      ? `\n\nThe login or token may not do this. ${TOKEN_HELP}`
      : "";
    fail(
      `failed.\n\n${message}${help}\n\nWhat was done before stays. Mend this, and run the same command again: it goes on from here.`,
    );
  }
}
const plan = planOf(work);
console.log(`
Edgepixel is deployed.

  Dashboard  ${work.url}/
  Snippet    <script async src="${work.url}/pixel.js" data-project="default"></script>
  API docs   ${work.url}/docs/
  Health     ${work.url}/health

${signIn(work)}
${MEANING[plan]}
An upgrade is the same command.`);

function named(): Instance {
  try {
    return instanceOf(settings, values.env, !values["without-archive"]);
  } catch (error) {
    return unexpected(error);
  }
}

function stop(all: readonly string[]): never {
  fail(
    `Nothing was changed. Before it can be deployed:\n\n${all.map((one) => `  - ${one}`).join("\n")}\n\nThen run the same command again.`,
  );
}

function unexpected(error: unknown): never {
  fail(`Nothing was changed: ${messageOf(error)}`);
}
