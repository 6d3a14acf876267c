/**
 * `npm run deploy` with the real Wrangler, in a clone, against an account on loopback whose edge runs the uploads:
 * first, again, as an upgrade, interrupted at each step, and with a second environment.
 */
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Account, Binding, Script } from "./account.ts";
import { clone, deploy, start } from "./run.ts";
import { type Break, type StandIn, standIn } from "./stand-in.ts";

const folder = mkdtempSync(join(tmpdir(), "edgepixel-deploy-"));
let cloudflare: StandIn;
let copy: string;

beforeAll(async () => {
  cloudflare = await standIn(folder);
  copy = clone(folder);
});
beforeEach(() => {
  cloudflare.calls.length = 0;
  cloudflare.break = null;
});
afterAll(async () => {
  expect(cloudflare.unknown).toEqual([]);
  await cloudflare.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: string[]) => deploy(copy, cloudflare.environment, ...args);
const script = (name: string) => cloudflare.account.scripts.get(name) as Script;
const bound = (name: string, binding: string) =>
  script(name).bindings.find((one) => one.name === binding) as Binding | undefined;
const migrations = () =>
  readdirSync(join(copy, "migrations"))
    .filter((name) => name.endsWith(".sql"))
    .sort();
const tokenFile = () => join(copy, ".edgepixel/production.admin-token");
const token = () => readFileSync(tokenFile(), "utf8").trim().replace("ADMIN_TOKEN=", "");
/** Calls that create something in the account, other than uploads. */
const making = () =>
  cloudflare.calls.filter((line) => /^POST \/(?:d1\/database|queues|r2\/buckets|queues\/[^/]+\/consumers)$/.test(line));

/** The nth call of this kind, and all that follow it. */
function from(pattern: RegExp, how: Break["how"], nth = 1): Break {
  let seen = 0;
  return { how, at: (line) => pattern.test(line) && ++seen >= nth };
}

describe("the first deployment", () => {
  it.each<[string, Break]>([
    ["the database is made, and the answer is lost", from(/^POST \/d1\/database$/, "cut behind")],
    ["the token may not make a queue", from(/^POST \/queues$/, "refused")],
    ["the second queue is made, and the answer is lost", from(/^POST \/queues$/, "cut behind", 2)],
    ["the bucket cannot be made", from(/^POST \/r2\/buckets$/, "cut before")],
    ["half of the migrations are applied", from(/^POST \/d1\/database\/[^/]+\/query$/, "fails", 12)],
    ["the code is uploaded, and the answer is lost", from(/^PUT \/workers\/scripts\/edgepixel$/, "cut behind")],
    ["a queue gets no consumer", from(/^POST .+\/consumers$/, "cut before")],
    ["the schedule is not taken", from(/^PUT .+\/schedules$/, "fails")],
  ])("breaks off where %s, and says how to go on", async (_, broken) => {
    cloudflare.break = broken;
    const { code, output } = await run();
    expect(output).toContain("run the same command again");
    expect(output).toMatch(/ failed:\n✘ \[ERROR\] /);
    if (broken.how === "refused") expect(output).toContain("add D1: Edit and Queues: Edit");
    expect(code).toBe(1);
  });

  /** Changes after the checks: each with the code with which Cloudflare refuses the upload, and its correction. */
  it.each<[string, number, (account: Account) => () => unknown]>([
    [
      "R2 is switched off",
      10_136,
      (account) => {
        account.r2 = false;
        return () => Object.assign(account, { r2: true });
      },
    ],
    [
      "the workers.dev subdomain is gone",
      10_063,
      (account) => {
        account.subdomain = null;
        return () => Object.assign(account, { subdomain: "owner" });
      },
    ],
    [
      "the database is gone",
      10_021,
      ({ databases }) => {
        const gone = databases.splice(0);
        return () => databases.push(...gone);
      },
    ],
  ])("breaks off where meanwhile %s", async (_, refusal, change) => {
    const before = [...script("edgepixel").versions];
    let mend: (() => unknown) | undefined;
    cloudflare.break = from(/^(?:PUT \/workers\/scripts\/edgepixel|POST .+\/edgepixel\/versions)$/, (account) => {
      mend ??= change(account);
    });
    const { code, output } = await run();
    mend?.();
    expect(output).toContain(`[code: ${refusal}]`);
    expect(output).toContain("run the same command again");
    expect(code).toBe(1);
    expect(script("edgepixel").versions).toEqual(before);
  });

  it("ends when it is run once more, with each thing made once", async () => {
    const { code, output } = await run();
    // The doctor ran all its checks, through the queue into the log, and the live stream; only cron has not run yet.
    expect(output).toMatch(/https:\/\/edgepixel\.owner\.workers\.dev is well: \d+ checks of the doctor/);
    expect(output).not.toContain("That needs a key");
    expect(code).toBe(0);
    const { account } = cloudflare;
    expect(account.databases.map(({ name }) => name)).toEqual(["edgepixel"]);
    expect(account.queues.map(({ queue_name }) => queue_name)).toEqual(["edgepixel-events", "edgepixel-events-dlq"]);
    expect([...account.buckets.keys()]).toEqual(["edgepixel-archive"]);
    expect(account.queues.map(({ consumers }) => consumers.map((one) => one.script))).toEqual([
      ["edgepixel"],
      ["edgepixel"],
    ]);
    expect(account.queues[0]?.consumers[0]?.dead_letter_queue).toBe("edgepixel-events-dlq");
    expect(account.databases.map((database) => account.applied(database))).toEqual([migrations()]);
    expect(script("edgepixel")).toMatchObject({ workersDev: true, schedules: ["* * * * *"], migration_tag: "v5" });
    expect(bound("edgepixel", "PLAN")?.text).toBe("free");
    // No version was uploaded before its database had all migrations.
    for (const { applied } of script("edgepixel").versions) expect(applied).toEqual(migrations());
  });

  it("gives the administrator's key to the Worker and to a file of its owner, and to nothing else", async () => {
    expect(token()).toMatch(/^[\w-]{32}$/);
    expect(statSync(tokenFile()).mode & 0o777).toBe(0o600);
    expect(bound("edgepixel", "ADMIN_TOKEN")).toMatchObject({ type: "secret_text", text: token() });
    const holding = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => readFileSync(file).includes(token()));
    expect(holding).toEqual([tokenFile()]);
  });

  it("prints the addresses of everything, and not the key", async () => {
    const { output } = await run();
    for (const told of [
      "Dashboard  https://edgepixel.owner.workers.dev/",
      '<script async src="https://edgepixel.owner.workers.dev/pixel.js" data-project="default"></script>',
      `Sign in with the ADMIN_TOKEN in ${tokenFile()}`,
      "10,000 queue operations and 100,000 rows written a day",
    ])
      expect(output).toContain(told);
    expect(output).not.toContain(token());
    // Everything existed already: nothing is made twice, and the key stays.
    expect(making()).toEqual([]);
    expect(output).toContain("ADMIN_TOKEN: the Worker has one, which stays");
    expect(bound("edgepixel", "ADMIN_TOKEN")?.text).toBe(token());
  });
});

describe("an upgrade", () => {
  const added = () => join(copy, "migrations/9999_later.sql");

  it("leaves the version that runs where a migration fails", async () => {
    const [before] = script("edgepixel").versions;
    writeFileSync(added(), "CREATE TABLE later (id INTEGER);\nCREATE TABLE later (id INTEGER);\n");
    const { code, output } = await run();
    expect(output).toMatch(/migrations: failed\.[\s\S]+table later already exists[\s\S]+run the same command again/);
    expect(code).toBe(1);
    expect(script("edgepixel").versions[0]).toBe(before);
  });

  it("has the new migration before the new code", async () => {
    const [before] = script("edgepixel").versions;
    writeFileSync(added(), "CREATE TABLE later (id INTEGER);\n");
    appendFileSync(join(copy, "worker/index.ts"), "\n// A later version.\n");
    const { code, output } = await run();
    expect(output).toContain("migrations: applied 1: 9999_later.sql");
    expect(code).toBe(0);
    const [now] = script("edgepixel").versions;
    expect(now?.id).not.toBe(before?.id);
    expect(now?.applied.at(-1)).toBe("9999_later.sql");
    expect(making()).toEqual([]);
  });
});

describe("another environment", () => {
  it("has separate names, counters and plan, and here no archive", async () => {
    const [production] = script("edgepixel").versions;
    const asked = ["--env", "staging", "--without-archive", "--plan", "paid", "--location", "weur"];
    const { code, output } = await run(...asked);
    expect(output).toContain("https://edgepixel-staging.owner.workers.dev is well");
    expect(code).toBe(0);
    expect(script("edgepixel").versions[0]).toBe(production);
    const { account } = cloudflare;
    expect(account.databases.map(({ name, location }) => [name, location])).toEqual([
      ["edgepixel", null],
      ["edgepixel-staging", "weur"],
    ]);
    expect(account.queues.slice(2).map(({ queue_name, consumers }) => [queue_name, consumers[0]?.script])).toEqual([
      ["edgepixel-staging-events", "edgepixel-staging"],
      ["edgepixel-staging-events-dlq", "edgepixel-staging"],
    ]);
    expect([...account.buckets.keys()]).toEqual(["edgepixel-archive"]);
    expect(bound("edgepixel-staging", "ARCHIVE")).toBeUndefined();
    expect(bound("edgepixel-staging", "EVENTS")?.queue_name).toBe("edgepixel-staging-events");
    expect(bound("edgepixel-staging", "PIXEL_LIMIT")?.namespace_id).not.toBe(
      bound("edgepixel", "PIXEL_LIMIT")?.namespace_id,
    );
    expect(bound("edgepixel-staging", "ADMIN_TOKEN")?.text).not.toBe(token());
    expect(output).toContain("Plan paid");
  });

  it("is in a jurisdiction, at a domain for which no existing DNS record is replaced", async () => {
    const { account } = cloudflare;
    const asked = ["--env", "eu", "--domain", "events.example.com"];
    account.zones.push({ id: "zone", name: "example.com", status: "active" });
    account.records.add("events.example.com");
    const refused = await run(...asked, "--jurisdiction", "eu", "--plan", "paid");
    expect(refused.output).toContain("events.example.com has a DNS record already");
    expect(refused.code).toBe(1);
    expect([...account.domains]).toEqual([]);

    account.records.clear();
    cloudflare.calls.length = 0;
    const { code, output } = await run(...asked);
    expect(output).toContain("https://events.example.com is well");
    expect(code).toBe(0);
    expect([...account.domains]).toEqual([["events.example.com", "edgepixel-eu"]]);
    expect(script("edgepixel-eu").workersDev).toBe(false);
    expect(account.databases.at(-1)).toMatchObject({ name: "edgepixel-eu", jurisdiction: "eu" });
    expect([...account.buckets].at(-1)).toEqual(["edgepixel-eu-archive", { location: null, jurisdiction: "eu" }]);
    expect(bound("edgepixel-eu", "ARCHIVE")?.jurisdiction).toBe("eu");
    // Neither the jurisdiction nor the plan was given again, and both stay.
    expect(making()).toEqual([]);
    expect(bound("edgepixel-eu", "PLAN")?.text).toBe("paid");
  });
});

describe("without an operator", () => {
  it("Workers Builds deploys the Worker under its name there, and keeps no key on the build machine", async () => {
    const builds = await standIn(mkdtempSync(join(folder, "builds-")));
    try {
      const { account } = builds;
      account.createDatabase("edgepixel", null, null);
      for (const name of ["edgepixel-events", "edgepixel-events-dlq"]) account.createQueue(name);
      account.createBucket("edgepixel-archive", null, null);
      rmSync(join(copy, ".edgepixel"), { recursive: true });
      const environment = { CI: "true", WORKERS_CI: "1", WRANGLER_CI_OVERRIDE_NAME: "mine" };
      const { code, output } = await deploy(copy, { ...builds.environment, ...environment });
      expect(output).toContain("https://mine.owner.workers.dev is well");
      expect(output).toContain("secret put ADMIN_TOKEN");
      expect(code).toBe(0);
      expect([...account.scripts.keys()]).toEqual(["mine"]);
      expect(existsSync(tokenFile())).toBe(false);
      expect(builds.unknown).toEqual([]);
    } finally {
      await builds.stop();
    }
  });

  it("wrangler.toml alone is enough for `wrangler deploy` to make what the Worker needs", async () => {
    const plain = await standIn(mkdtempSync(join(folder, "plain-")));
    try {
      const { account } = plain;
      const wrangler = "node_modules/wrangler/bin/wrangler.js";
      const { code, output } = await start(copy, { ...plain.environment, CI: "true" }, [wrangler, "deploy"]);
      expect(output).toContain("https://edgepixel.owner.workers.dev");
      expect(code).toBe(0);
      expect(account.databases.map(({ name }) => name)).toEqual(["edgepixel"]);
      expect(account.queues.map(({ queue_name, consumers }) => [queue_name, consumers.length])).toEqual([
        ["edgepixel-events", 1],
        ["edgepixel-events-dlq", 1],
      ]);
      expect([...account.buckets.keys()]).toEqual(["edgepixel-archive"]);
    } finally {
      await plain.stop();
    }
  });
});
