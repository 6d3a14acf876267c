/** Several writers of one archive file: one wins, the others repeat their work, and nothing is damaged. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { at } from "../../worker/archive/columns.ts";
import { compact } from "../../worker/archive/compaction.ts";
import { EVENTS } from "../../worker/archive/partition.ts";
import { begin } from "../../worker/erasure/erase.ts";
import { advance, readJob } from "../../worker/erasure/job.ts";
import { BETWEEN_PASSES_MS, STEPS } from "../../worker/erasure/steps.ts";
import { GROUPS, PROJECTIONS } from "../../worker/projections/index.ts";
import { advance as project } from "../../worker/projections/runner.ts";
import { retain } from "../../worker/retention/retain.ts";
import { databaseOf, transact } from "../../worker/store/database.ts";
import { archivedRows, emptyBucket, objectsIn } from "./bucket.ts";
import { gate } from "./gate.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";
import { lose } from "./loss.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 4, 1, 10);
const NOW = START + 100 * 24 * HOUR;
const HOURS = 3;
const PEOPLE = [
  ["keeps", "alice-77"],
  ["keeps", "bobby-55"],
  ["keeps", "carol-33"],
  ["sweeps", "david-11"],
] as const;

/** Archives an event of each person in each hour. */
async function begun(): Promise<void> {
  await emptyBucket();
  await lose();
  for (const project_id of ["keeps", "sweeps"]) await createProject(project_id, { attribution_days: 1 });
  await env.DB.prepare("UPDATE projects SET retention = ? WHERE project_id = 'sweeps'")
    .bind('{"events_days":33,"archive_days":40,"purchases_days":40}')
    .run();
  const events = Array.from({ length: HOURS }, (_, hour) =>
    PEOPLE.map(([project_id, player_id], n) =>
      storedEvent({
        project_id,
        event_type: "visit",
        player_id,
        timestamp: START + hour * HOUR + n,
        received_at: START,
      }),
    ),
  );
  await deliver([{ events: events.flat() }]);
  await settle(PROJECTIONS);
}
beforeEach(begun);

const asked = (player_id: string) =>
  begin(db, { project_id: "keeps", player_id, suppress: false }, NOW, async (_, statements) => {
    await transact(db, statements);
  });
const atStep = async (id: string, step: string, bindings: Env = env) => {
  const database = databaseOf(bindings);
  while ((await readJob(db, id))?.step !== step) await advance(bindings, database, STEPS, id, NOW);
};
/** Runs an erasure to its receipt. The second pass may begin at once. */
async function finish(...ids: string[]): Promise<void> {
  for (let moment = NOW; ; ) {
    const jobs = await Promise.all(ids.map((id) => readJob(db, id)));
    if (jobs.every((job) => job === null)) return;
    expect(moment).toBeLessThan(NOW + HOUR);
    const moved = [];
    for (const id of ids) moved.push(await advance(env, db, STEPS, id, moment));
    if (!moved.includes(true)) moment += BETWEEN_PASSES_MS;
  }
}
const keep = (bindings: Env, now = NOW) => retain(bindings, databaseOf(bindings), now, () => true);
const run = async (bindings: Env, now: number) => {
  for (const projection of GROUPS.archive.projections) await project(bindings, databaseOf(bindings), projection, now);
};

/** Names found in any object of the bucket, whether it is part of the archive or not. */
async function inBucket(): Promise<string[]> {
  const texts = await Promise.all(
    (await objectsIn()).map(async ({ key }) => {
      const object = (await env.ARCHIVE.get(key)) as R2ObjectBody;
      return new TextDecoder("latin1").decode(await object.arrayBuffer());
    }),
  );
  return PEOPLE.map(([, name]) => name).filter((name) => texts.some((text) => text.includes(name)));
}
/** Every file is unchanged (reading checks its SHA-256), and they have this number of events of a project, each once. */
async function events(project_id: string): Promise<number> {
  const rows = await archivedRows();
  const seqs = rows.map((row) => row[at("seq")]);
  expect(new Set(seqs).size).toBe(seqs.length);
  return rows.filter((row) => row[at("project_id")] === project_id).length;
}
const receipts = async () =>
  (await env.DB.prepare("SELECT count(*) AS n FROM erasures WHERE signature IS NOT NULL").first<number>("n")) ?? 0;

describe("of two that rewrite the same file, the slower one repeats its work", () => {
  it("if both are erasures", async () => {
    const [alice, bobby] = [await asked("alice-77"), await asked("bobby-55")];
    for (const id of [alice, bobby]) await atStep(id, "archive");
    // The first piece gives up what others had planned, the second finds the hour, the third writes.
    for (let piece = 1; piece < 3; piece++) await advance(env, db, STEPS, bobby, NOW);
    const slow = gate("put", 1, EVENTS);
    const second = advance(slow.env, databaseOf(slow.env), STEPS, bobby, NOW).catch((error: unknown) => error);
    expect(await slow.reached(second)).toBe(true);
    await atStep(alice, "archived_audit");
    slow.open();
    expect(await second).toBeInstanceOf(Error);
    await finish(alice, bobby);
    expect(await receipts()).toBe(2);
    expect(await inBucket()).toEqual(["carol-33", "david-11"]);
    expect(await events("keeps")).toBe(9);
  });

  it("if one is an erasure and the other retention", async () => {
    const alice = await asked("alice-77");
    await atStep(alice, "archive");
    const slow = gate("put", 1, EVENTS);
    const sweep = keep(slow.env).catch((error: unknown) => error);
    expect(await slow.reached(sweep)).toBe(true);
    await atStep(alice, "archived_audit");
    slow.open();
    await sweep;
    await finish(alice);
    await keep(env, NOW + 60_000);
    await keep(env, NOW + 120_000);
    expect(await inBucket()).toEqual(["bobby-55", "carol-33"]);
    expect([await events("keeps"), await events("sweeps")]).toEqual([9, 0]);
  });

  it("if an erasure reaches the archive as a minute's retention begins, whichever of the two waits at any put", async () => {
    for (const held of ["erasure", "retention"]) {
      for (let [nth, reached] = [1, true]; reached; nth++) {
        await begun();
        const alice = await asked("alice-77");
        await atStep(alice, "archive");
        const slow = gate("put", nth);
        const duties = {
          erasure: (bindings: Env) => atStep(alice, "archived_audit", bindings),
          retention: keep,
        };
        const [first, second] =
          held === "erasure" ? [duties.erasure, duties.retention] : [duties.retention, duties.erasure];
        const work = first(slow.env).catch((error: unknown) => error);
        reached = await slow.reached(work);
        await second(env).catch(() => undefined);
        slow.open();
        await work;
        await finish(alice);
        await keep(env, NOW + 60_000);
        await keep(env, NOW + 120_000);
        const left = { events: [await events("keeps"), await events("sweeps")], bucket: await inBucket() };
        expect({ held, nth, ...left }).toEqual({ held, nth, events: [9, 0], bucket: ["bobby-55", "carol-33"] });
      }
    }
  });

  it("if a merge has replaced the file meanwhile, and its object is gone", async () => {
    const alice = await asked("alice-77");
    await atStep(alice, "archive");
    for (let piece = 1; piece < 3; piece++) await advance(env, db, STEPS, alice, NOW);
    // A late event of the first hour: there are two files to merge.
    const late = { event_type: "visit", player_id: "carol-33", timestamp: START + 5, received_at: START + HOUR };
    await deliver([{ events: [storedEvent({ project_id: "keeps", ...late })] }]);
    await run(env, NOW);
    const slow = gate("get");
    const erasure = advance(slow.env, databaseOf(slow.env), STEPS, alice, NOW).catch((error: unknown) => error);
    expect(await slow.reached(erasure)).toBe(true);
    expect(await compact(env, db, NOW)).toMatchObject({ merged_files: 2, made_files: 1 });
    slow.open();
    expect(await erasure).toBeInstanceOf(Error);
    await finish(alice);
    expect(await events("keeps")).toBe(10);
    expect(await inBucket()).not.toContain("alice-77");
  });
});

describe("a receipt is signed only when no object holds the person", () => {
  it("if a writer that was overtaken still puts its file", async () => {
    const slow = gate("put", 1, EVENTS);
    const sweep = keep(slow.env).catch((error: unknown) => error);
    expect(await slow.reached(sweep)).toBe(true);
    const alice = await asked("alice-77");
    await finish(alice);
    expect(await receipts()).toBe(1);
    expect(await inBucket()).not.toContain("alice-77");
    slow.open();
    await sweep;
    expect(await inBucket()).not.toContain("alice-77");
    expect(await events("keeps")).toBe(9);
  });

  it("if a run of the archive had read the log before the names were removed from it", async () => {
    const event = { event_type: "visit", timestamp: START + 9, received_at: START + HOUR };
    const mention = JSON.stringify({ friend: "alice-77" });
    await deliver([{ events: [storedEvent({ project_id: "keeps", ...event, player_id: "carol-33", data: mention })] }]);
    const slow = gate("put", 1, EVENTS);
    const late = run(slow.env, NOW).catch((error: unknown) => error);
    expect(await slow.reached(late)).toBe(true);
    const alice = await asked("alice-77");
    await finish(alice);
    slow.open();
    expect(await late).toBeInstanceOf(Error);
    expect(await inBucket()).not.toContain("alice-77");
    await run(env, NOW);
    expect(await events("keeps")).toBe(10);
    expect(await inBucket()).not.toContain("alice-77");
  });

  it("if another erasure had read a text that names both", async () => {
    await env.DB.prepare(
      "INSERT INTO audit (at, actor, project_id, action, subject, details) VALUES (0, 'admin', 'keeps', 'player.export', 'alice-77', '{\"beside\":\"bobby-55\"}')",
    ).run();
    const [alice, bobby] = [await asked("alice-77"), await asked("bobby-55")];
    await atStep(bobby, "audit");
    const slow = gate("batch");
    const second = advance(slow.env, databaseOf(slow.env), STEPS, bobby, NOW).catch((error: unknown) => error);
    expect(await slow.reached(second)).toBe(true);
    await finish(alice);
    slow.open();
    expect(await second).toBeInstanceOf(Error);
    const text = async () => JSON.stringify((await env.DB.prepare("SELECT subject, details FROM audit").all()).results);
    expect(await text()).not.toContain("alice-77");
    await finish(bobby);
    expect(await text()).not.toMatch(/alice-77|bobby-55/);
  });
});
