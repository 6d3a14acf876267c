/** `npm run deploy` with two databases: each is made and migrated before the code, and each fault names its database. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pendingIn } from "../../scripts/deploy/migrations.ts";
import { addShard, clone, deploy } from "./run.ts";
import { type StandIn, standIn } from "./stand-in.ts";

const folder = mkdtempSync(join(tmpdir(), "edgepixel-deploy-shards-"));
const migrations = pendingIn([]);
let cloudflare: StandIn;
let copy: string;

beforeAll(async () => {
  cloudflare = await standIn(folder);
  copy = clone(folder);
  addShard(copy);
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
const settings = () => join(copy, "wrangler.toml");
const added = () => join(copy, "migrations/9999_later.sql");
const names = () => cloudflare.account.databases.map(({ name }) => name);
const applied = () => cloudflare.account.databases.map((database) => cloudflare.account.applied(database));
const versions = () => cloudflare.account.scripts.get("edgepixel")?.versions ?? [];
const shard = () => {
  const found = cloudflare.account.databases.find(({ name }) => name === "edgepixel-2");
  if (!found) throw new Error("There is no database edgepixel-2.");
  return found;
};

describe("the first deployment", () => {
  it("breaks off where the second database is made and the answer is lost", async () => {
    let made = 0;
    cloudflare.break = { how: "cut behind", at: (line) => line === "POST /d1/database" && ++made >= 2 };
    const { code, output } = await run();
    expect(output).toMatch(/database: failed\.[\s\S]+wrangler d1 create edgepixel-2[\s\S]+run the same command again/);
    expect(code).toBe(1);
    expect(names()).toEqual(["edgepixel", "edgepixel-2"]);
  });

  it("uploads no code where the second database has only some of the migrations, and names it", async () => {
    const queries = `POST /d1/database/${shard().uuid}/query`;
    let asked = 0;
    cloudflare.break = { how: "fails", at: (line) => line === queries && ++asked > 12 };
    const { code, output } = await run();
    expect(output).toMatch(/migrations: failed\.\s+The database edgepixel-2 \(DB_2\) is not migrated\./);
    expect(output).toContain(`Before it: applied ${migrations.length} to edgepixel: `);
    expect(code).toBe(1);
    const [main, second = []] = applied();
    expect(main).toEqual(migrations);
    expect(second.length).toBeGreaterThan(0);
    expect(second.length).toBeLessThan(migrations.length);
    expect(versions()).toEqual([]);
  });

  it("ends when it is run once more, with both databases bound, and the shard's queue consumed", async () => {
    const { code, output } = await run();
    expect(output).toMatch(/migrations: applied \d+ to edgepixel-2: /);
    expect(output).toContain("https://edgepixel.owner.workers.dev is well");
    expect(code).toBe(0);
    expect(names()).toEqual(["edgepixel", "edgepixel-2"]);
    expect(applied()).toEqual([migrations, migrations]);
    const { databases, queues, scripts } = cloudflare.account;
    const bound = Object.fromEntries((scripts.get("edgepixel")?.bindings ?? []).map((one) => [one.name, one]));
    expect([bound.DB?.id, bound.DB_2?.id]).toEqual(databases.map(({ uuid }) => uuid));
    expect(bound.EVENTS_2?.queue_name).toBe("edgepixel-2-events");
    const [consumer] = queues.find(({ queue_name }) => queue_name === "edgepixel-2-events")?.consumers ?? [];
    expect(consumer).toMatchObject({ script: "edgepixel", dead_letter_queue: "edgepixel-events-dlq" });
  });
});

describe("an upgrade", () => {
  it("leaves the version that runs where the migration of the second database fails", async () => {
    const [before] = versions();
    writeFileSync(added(), "CREATE TABLE later (id INTEGER);\n");
    shard().sql.exec("CREATE TABLE later (id INTEGER)");
    const { code, output } = await run();
    expect(output).toMatch(/The database edgepixel-2 \(DB_2\) is not migrated[\s\S]+table later already exists/);
    expect(code).toBe(1);
    expect(applied().map((of) => of.at(-1))).toEqual(["9999_later.sql", migrations.at(-1)]);
    expect(versions()[0]).toBe(before);
  });

  it("goes on with that database alone, and then uploads the code", async () => {
    const [before] = versions();
    shard().sql.exec("DROP TABLE later");
    const { code, output } = await run();
    expect(output).toContain("migrations: applied 1 to edgepixel-2: 9999_later.sql");
    expect(output).toContain("is well");
    expect(code).toBe(0);
    expect(applied().map((of) => of.at(-1))).toEqual(["9999_later.sql", "9999_later.sql"]);
    expect(versions()[0]?.id).not.toBe(before?.id);
  });
});

describe("before anything is changed", () => {
  const original = () => readFileSync(settings(), "utf8");

  async function withSettings(change: (text: string) => string, ...args: string[]): Promise<string> {
    const before = original();
    const changed = change(before);
    expect(changed).not.toBe(before);
    writeFileSync(settings(), changed);
    try {
      const { code, output } = await run(...args);
      expect(code).toBe(1);
      return output;
    } finally {
      writeFileSync(settings(), before);
    }
  }

  it("a shard that the Worker has must stay in wrangler.toml", async () => {
    const output = await withSettings((text) => text.replace(/\n\[\[d1_databases\]\]\nbinding = "DB_2"[\s\S]*$/, ""));
    expect(output).toContain("The Worker edgepixel has the database DB_2, whose projects it would lose");
  });

  it("a database of another jurisdiction than the first is refused", async () => {
    shard().jurisdiction = "eu";
    const { code, output } = await run();
    shard().jurisdiction = null;
    expect(output).toContain(
      "The database edgepixel-2 exists in the jurisdiction eu, and the others are without a jurisdiction",
    );
    expect(code).toBe(1);
  });

  it.each<[string, string, string]>([
    [
      'binding = "DB_2"',
      'binding = "DB_NORTH_1"',
      "the binding DB_NORTH_1: it must be DB, or for a shard DB_ and a name",
    ],
    [
      'database_name = "edgepixel-2"',
      'database_name = "edgepixel"',
      "Two databases of wrangler.toml have the database_name",
    ],
    [
      '"edgepixel-2-events"',
      '"edgepixel-events-2"',
      "The name of the queue EVENTS_2 in wrangler.toml must end with -events",
    ],
    ['binding = "EVENTS_2"', 'binding = "EVENTS_3"', "the queue EVENTS_3 of a shard, and no database DB_3"],
  ])("%s cannot be %s", async (was, is, told) => {
    const end = (text: string) => text.slice(text.lastIndexOf("[[d1_databases]]"));
    const output = await withSettings((text) => text.replace(end(text), end(text).replaceAll(was, is)), "--dry-run");
    expect(output).toContain(told);
    expect(cloudflare.calls).toEqual([]);
  });

  it("a dry run lists each database and queue, with the names of another environment", async () => {
    const { code, output } = await run("--dry-run", "--env", "staging");
    for (const told of [
      "wrangler d1 create edgepixel-staging (where",
      "wrangler d1 create edgepixel-staging-2 (where",
      "wrangler queues create edgepixel-staging-2-events",
      "wrangler d1 migrations apply DB --remote",
      "wrangler d1 migrations apply DB_2 --remote",
    ])
      expect(output).toContain(told);
    expect(code).toBe(0);
  });
});
