/** What is missing or in the way is reported before anything is touched: all problems at once, each with what to do. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Script } from "./account.ts";
import { clone, deploy } from "./run.ts";
import { type StandIn, standIn } from "./stand-in.ts";

const folder = mkdtempSync(join(tmpdir(), "edgepixel-checks-"));
let copy: string;
let cloudflare: StandIn;

beforeAll(() => {
  copy = clone(folder);
});
beforeEach(async () => {
  cloudflare = await standIn(folder);
});
afterEach(async () => {
  // Nothing was changed: there were only reads.
  expect(cloudflare.calls.filter((line) => !/^GET |^POST \/d1\/database\/[^/]+\/query$/.test(line))).toEqual([]);
  expect(cloudflare.unknown).toEqual([]);
  expect(existsSync(join(copy, ".edgepixel"))).toBe(false);
  await cloudflare.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function findings(environment: Record<string, string> = {}, ...args: string[]): Promise<string> {
  const { code, output } = await deploy(copy, { ...cloudflare.environment, ...environment }, ...args);
  expect(code).toBe(1);
  expect(output).toContain("Nothing was changed");
  return output;
}
const worker = (name: string, bindings: string[]): Script => ({
  name,
  versions: [],
  bindings: bindings.map((binding) => ({ type: "plain_text", name: binding })),
  migration_tag: undefined,
  schedules: [],
  workersDev: true,
});
const at = (path: string) => `https://dash.cloudflare.com/${cloudflare.account.id}/${path}`;

it("rights, R2, the subdomain and a Worker of another product", async () => {
  const { account } = cloudflare;
  account.rights = new Set(["workers", "r2"]);
  account.r2 = false;
  account.subdomain = null;
  account.scripts.set("edgepixel", worker("edgepixel", ["GREETING"]));
  const output = await findings();
  expect(output).toContain(`may not use the account ${account.id} for: D1: Edit; Queues: Edit.`);
  expect(output).toContain("https://dash.cloudflare.com/profile/api-tokens");
  expect(output).toContain(`R2 is not switched on: do so at ${at("r2/overview")}`);
  expect(output).toContain("or add --without-archive");
  expect(output).toContain(`no workers.dev subdomain: choose one at ${at("workers/onboarding")}`);
  expect(output).toContain("A Worker edgepixel is there that is not Edgepixel");
  expect(output.match(/^ {2}- /gm)).toHaveLength(4);
});

it("a queue with another consumer, a database of another product, its jurisdiction, a domain of another Worker", async () => {
  const { account } = cloudflare;
  const { queue_id } = account.createQueue("edgepixel-events");
  account.addConsumer(queue_id, { script_name: "billing", settings: {} });
  account.createDatabase("edgepixel", null, null).sql.exec("CREATE TABLE orders (id)");
  account.zones.push({ id: "zone", name: "example.com", status: "active" });
  account.domains.set("events.example.com", "shop");
  const output = await findings({}, "--jurisdiction", "eu", "--domain", "events.example.com");
  expect(output).toContain(`The queue edgepixel-events is consumed by billing already`);
  expect(output).toContain(at("workers/queues"));
  expect(output).toContain("The database edgepixel has tables of something else");
  expect(output).toContain("exists without a jurisdiction, which cannot be changed");
  expect(output).toContain("events.example.com leads to the Worker shop");
  expect(output.match(/^ {2}- /gm)).toHaveLength(4);
});

it("an archive that would be unbound, a zone that is not active, and an answer that fails", async () => {
  const { account } = cloudflare;
  account.scripts.set("edgepixel", worker("edgepixel", ["DB", "EVENTS", "LIVE", "ARCHIVE"]));
  account.zones.push({ id: "zone", name: "example.com", status: "pending" });
  cloudflare.break = { at: (line) => line === "GET /queues", how: "fails" };
  const output = await findings({}, "--without-archive", "--domain", "a.b.example.com");
  expect(output).toContain("The Worker edgepixel has an archive");
  expect(output).toContain("The zone example.com is not active yet (pending)");
  expect(output).toContain("could not be asked about the queues: An unknown error has occurred. (code 10013)");
});

it("a domain without a zone, where the account is out of reach for all else", async () => {
  cloudflare.account.rights = new Set(["zones"]);
  const output = await findings({}, "--domain", "events.example.net");
  expect(output).toContain(`No zone of the account holds events.example.net: add the domain at ${at("add-site")}`);
  expect(output).toContain("for: D1: Edit; Workers Scripts: Edit; Queues: Edit; Workers R2 Storage: Edit.");
});

it("a token that is not valid, and none", async () => {
  expect(await findings({ CLOUDFLARE_API_TOKEN: "wrong" })).toContain("The login or token is not valid");
  expect(await findings({ CLOUDFLARE_API_TOKEN: "" })).toContain(
    "Nobody is logged in. Log in with `npm run wrangler -- login`",
  );
});

it("several accounts", async () => {
  cloudflare.account.others.push({ id: "fedcba9876543210fedcba9876543210", name: "Other" });
  const output = await findings();
  expect(output).toContain("CLOUDFLARE_ACCOUNT_ID");
  expect(output).toContain("fedcba9876543210fedcba9876543210 (Other)");
});

it.each([
  [["--location", "moon"], "--location must be one of wnam, enam, weur, eeur, apac, oc, not moon."],
  [["--location", "weur", "--jurisdiction", "eu"], "Give --location or --jurisdiction"],
  [["--domain", "https://events.example.com/"], "--domain must be a host name such as events.example.com"],
  [["--env", "../etc"], "--env must be a short name"],
  [["--plan", "gold"], "--plan must be one of free, paid, not gold."],
])("options with an invalid value: %s", async (args, told) => {
  const { code, output } = await deploy(copy, cloudflare.environment, ...args);
  expect([code, output]).toEqual([1, expect.stringContaining(told)]);
  expect(cloudflare.calls).toEqual([]);
});

it("a dry run calls no API, and lists each step with its names", async () => {
  const environment = { CLOUDFLARE_API_TOKEN: "" };
  const { code, output } = await deploy(copy, environment, "--dry-run", "--env", "staging", "--jurisdiction", "eu");
  expect(code).toBe(0);
  for (const told of [
    "npm run build",
    "wrangler d1 create edgepixel-staging --jurisdiction eu",
    "wrangler queues create edgepixel-staging-events-dlq",
    "wrangler r2 bucket create edgepixel-staging-archive --jurisdiction eu",
    "wrangler d1 migrations apply DB --remote",
    ".edgepixel/staging.admin-token",
    "wrangler deploy, as edgepixel-staging",
  ])
    expect(output).toContain(told);
  expect(cloudflare.calls).toEqual([]);
});
