/** The log is restored from its archive, whichever call fails or is the last one, and while events arrive. */
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { at } from "../../worker/archive/columns.ts";
import { compact } from "../../worker/archive/compaction.ts";
import { SETTINGS, saveSettings } from "../../worker/archive/settings.ts";
import type { SignedReceipt } from "../../worker/erasure/receipt.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { type Restored, restoreStep } from "../../worker/event-log/restore.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { advance } from "../../worker/projections/runner.ts";
import { databaseOf, transact } from "../../worker/store/database.ts";
import { answerOf, call, read } from "./api.ts";
import { archivedRows, Crash, emptyBucket, faulty, keysIn, objectsIn } from "./bucket.ts";
import { runDuty } from "./duty.ts";
import { makeApiKey } from "./keys.ts";
import { createProject, db, deliver, figuresIn, keepToTables, settle, storedEvent, TABLES } from "./log.ts";
import { lose } from "./loss.ts";
import { figuresOf } from "./oracle.ts";

// It looks into the tables.
beforeAll(keepToTables);

const HOUR = 3_600_000;
const START = Date.parse("2026-05-01T22:00:00Z");
const NOW = START + 9 * HOUR;
const PROJECTS = ["one", "two"];

const selectOf = (table: string, where = "true") =>
  env.DB.prepare(`SELECT * FROM ${table} WHERE ${where} ORDER BY 1, 2`);
const rowsOf = async (table: string, where?: string) => (await selectOf(table, where).all()).results;
const KEPT = [
  "events",
  "transactions",
  "projects",
  "keys",
  "schemas",
  "schema_versions",
  "exchange_rates",
  "audit",
  "suppressions",
  "instance_keys",
  "erasures",
  "payout_rules",
  "conversion_changes",
  "closed_statements",
  "statement_lines",
];
const IN_FORCE: Record<string, string> = {
  audit: "id < 1000",
  // If a trusted event has a transaction, it does not matter which untrusted one had it first.
  transactions: `trusted = 1 OR NOT EXISTS (SELECT 1 FROM transactions t WHERE t.project_id = transactions.project_id
    AND t.event_type = transactions.event_type AND t.transaction_id = transactions.transaction_id AND t.trusted = 1)`,
};
const ARCHIVE = "key, hour, first_seq, last_seq, rows, bytes, sha256, state";
async function everything(): Promise<Record<string, unknown>> {
  const files = env.DB.prepare(`SELECT ${ARCHIVE} FROM archive_files ORDER BY key`);
  const found = await env.DB.batch([...KEPT.map((table) => selectOf(table, IN_FORCE[table])), files]);
  const kept = [...KEPT, "files"].map((name, index) => [name, found[index]?.results]);
  const figures = await Promise.all(PROJECTS.map(async (project_id) => [project_id, await figuresIn(project_id)]));
  return { ...Object.fromEntries(kept), ...Object.fromEntries(figures) };
}

async function archiveAll(bindings: Env = env): Promise<void> {
  for (const projection of GROUPS.archive.projections)
    while ((await advance(bindings, db, projection, NOW, 20)).behind > 0);
}
const askToErase = (player_id: string) =>
  answerOf<SignedReceipt>("DELETE", `/players/${player_id}?project_id=one&suppress=1`);
/** An erasure of a person without events; without the pauses between its passes. */
async function erase(player_id: string): Promise<{ id: string }> {
  const { id } = await askToErase(player_id);
  for (;;) {
    await env.DB.prepare("UPDATE erasures SET due_at = 0").run();
    await runDuty("erasures");
    const receipt = await env.DB.prepare("SELECT finished_at FROM erasures WHERE id = ?").bind(id).first();
    if (receipt?.finished_at) return { id };
  }
}
/** Few events at a time, so that there are many steps. */
const AT_ONCE = 15;
const step = (bindings: Env = env) => {
  const database = databaseOf(bindings);
  return restoreStep(bindings, database, NOW, (statements) => transact(database, statements), AT_ONCE);
};
async function restore(bindings: Env = env): Promise<Restored> {
  for (;;) {
    const restored = await step(bindings);
    if (restored.phase === "done") return restored;
  }
}

/** Whether the fault ended it. */
async function ends(act: Promise<unknown>): Promise<boolean> {
  try {
    await act;
    return false;
  } catch (error) {
    if (error instanceof Crash || (error as Error).cause instanceof Crash) return true;
    throw error;
  }
}

const event = (n: number, more: Partial<StoredEvent> = {}) => {
  const received_at = START + n * 5 * 60_000;
  return storedEvent({
    project_id: PROJECTS[n % 2] as string,
    event_id: `event-${n}`,
    event_type: ["visit", "registration", "deposit"][n % 3] as string,
    player_id: n % 5 ? `player-${n % 7}` : null,
    visitor_id: n % 5 ? null : `visitor-${n % 4}`,
    timestamp: n % 8 === 3 ? received_at - (n % 5) * 7 * HOUR : received_at,
    received_at,
    banner_tag: n % 4 ? `tag-${n % 3}` : null,
    ...(n % 3 === 2 && { amount: 1_234_567 + n, currency: "EUR", transaction_id: `t${n % 30}` }),
    test: n % 11 === 0 ? 1 : 0,
    bot: n % 13 === 0 ? "crawler" : null,
    trusted: n % 4 === 0 ? 1 : 0,
    // Some are sent with a key and the id of one that was sent without.
    ...(n >= 40 && n % 10 === 5 && { event_id: `event-${n - 40}`, trusted: 1 }),
    ...more,
  });
};

type Statement = {
  closed_at: string | null;
  rows: { kind: string; payout: string }[];
};
const statementOf = (month: string) => read<Statement>(`/statements?project_id=one&month=${month}`);
/** Data that affiliates have seen: an approved conversion, on a closed statement. */
async function closeMay(): Promise<void> {
  const rule = { project_id: "one", name: "Deposits", valid_from: "2026-05-01", event_type: "deposit", amount: "10" };
  await answerOf("POST", "/payout-rules", { ...rule, currency: "EUR" });
  await runDuty("payouts");
  const [conversion] = await rowsOf("conversions", "project_id = 'one' AND payout > 0");
  await answerOf("POST", `/conversions/${conversion?.event_id}/approve?project_id=one`, { reason: "looked at" });
  await answerOf("POST", "/statements/2026-05/close?project_id=one", {});
}
const EVENTS = 80;
const bucketBefore = new Map<string, { bytes: ArrayBuffer; customMetadata: Record<string, string> }>();
const contents = async () => Object.fromEntries((await objectsIn()).map(({ key, etag }) => [key, etag]));
let before: Record<string, unknown>;
let superseded: number;
let may: Awaited<ReturnType<typeof statementOf>>;

beforeAll(async () => {
  await emptyBucket();
  for (const project_id of PROJECTS) await createProject(project_id);
  await makeApiKey({ role: "viewer", project_id: "one" });
  const schema = { project_id: "one", event_type: "visit", schema: { type: "object" }, mode: "warn" };
  await answerOf("POST", "/schemas", schema);
  await env.DB.prepare("INSERT INTO exchange_rates VALUES ('EUR', '2026-05-01', 108000000, 'test', 1)").run();
  await erase("erased-before");
  const events = Array.from({ length: EVENTS }, (_, n) => event(n));
  // The archive has the first half before the second arrives, whose trusted events replace others.
  for (const half of [events.slice(0, EVENTS / 2), events.slice(EVENTS / 2)]) {
    await deliver([{ events: half }]);
    await archiveAll();
  }
  await settle(TABLES);
  await closeMay();
  may = await statementOf("2026-05");
  await saveSettings(env.ARCHIVE, db, NOW);
  before = await everything();
  superseded = (await rowsOf("events", `superseded_at > ${EVENTS / 2} AND seq <= ${EVENTS / 2}`)).length;
  for (const { key } of await objectsIn()) {
    const object = (await env.ARCHIVE.get(key)) as R2ObjectBody;
    bucketBefore.set(key, { bytes: await object.arrayBuffer(), customMetadata: object.customMetadata ?? {} });
  }
});
beforeEach(async () => {
  await emptyBucket();
  for (const [key, { bytes, customMetadata }] of bucketBefore) await env.ARCHIVE.put(key, bytes, { customMetadata });
});

describe("a log that was lost", () => {
  it("is restored with every event, setting and figure unchanged", async () => {
    expect((before.events as unknown[]).length).toBe(EVENTS);
    expect((before.transactions as unknown[]).length).toBeGreaterThan(5);
    expect((before.files as unknown[]).length).toBeGreaterThan(8);
    expect(superseded).toBeGreaterThan(0);
    expect(may.rows.filter(({ payout }) => payout === "10.00").length).toBeGreaterThan(0);
    await lose();
    const bucket = await contents();
    expect(await restore()).toMatchObject({ phase: "done", rows_done: EVENTS, rows_total: EVENTS });
    await settle(TABLES);
    expect(await everything()).toEqual(before);
    // A closed statement is unchanged, and the next one has no corrections.
    await runDuty("payouts");
    expect(await statementOf("2026-05")).toEqual(may);
    expect((await statementOf("2026-06")).rows).toEqual([]);
    // Reading changed nothing in the bucket, and the archive continues after it.
    expect(await contents()).toEqual(bucket);
    await deliver([{ events: [event(EVENTS, { project_id: "one" })] }]);
    await archiveAll();
    expect(await contents()).toMatchObject(
      Object.fromEntries(Object.entries(bucket).filter(([key]) => key.startsWith("events/"))),
    );
    expect((await keysIn("events/")).length).toBe((before.files as unknown[]).length + 1);
    const rows = (await archivedRows()).map((row) => `${row[at("event_id")]} ${row[at("trusted")]}`);
    expect([rows.length, new Set(rows).size]).toEqual([EVENTS + 1, EVENTS + 1]);
  });

  it("is restored once, whichever call fails or is the last one", async () => {
    const { one: _, two: __, ...log } = before;
    const unbroken = faulty(Number.MAX_SAFE_INTEGER, "fails");
    await lose();
    await restore(unbroken.env);
    expect(unbroken.calls()).toBeGreaterThan(60);
    for (const { fault, nth } of unbroken.faults()) {
      await lose();
      expect(await ends(restore(faulty(nth, fault).env))).toBe(true);
      await restore();
      expect({ nth, fault, ...(await everything()) }).toMatchObject({ nth, fault, ...log });
    }
    await settle(TABLES);
    expect(await everything()).toEqual(before);
  });

  it("is restored while new events arrive: those of the archive keep their places, the others follow, each once", async () => {
    await lose();
    const archived = Array.from({ length: EVENTS }, (_, n) => event(n));
    const sent: StoredEvent[] = [];
    const comesIn = async (events: StoredEvent[]) => {
      sent.push(...events);
      await deliver([{ events }]);
    };
    const again = (n: number) =>
      event(n, {
        event_id: `again-${n}`,
        transaction_id: `t${(n * 3 + 2) % 30}`,
        event_type: "deposit",
        amount: 5,
        currency: "EUR",
        project_id: "one",
      });
    // An event from before the restore began: with a sequence number of the archive, and already in figures.
    await comesIn([event(100, { project_id: "one" }), event(5, { banner_tag: "changed" }), again(1)]);
    await settle(TABLES);
    await makeApiKey({ role: "viewer" });
    for (let n = 1; ; n++) {
      const restored = await step();
      if (restored.phase === "done") break;
      await comesIn([event(100 + n), event(n % EVENTS, { banner_tag: "changed" }), again(n % 10)]);
      await settle(TABLES);
      const moved = await env.DB.prepare("SELECT count(*) AS n FROM projections").first<{ n: number }>();
      expect({ n, moved: moved?.n }).toEqual({ n, moved: 0 });
    }
    await settle(TABLES);
    // Trusted events that arrived meanwhile replace untrusted ones of the archive.
    const asSent = (rows: unknown) =>
      (rows as Record<string, unknown>[]).map(({ duplicate_of: _, counted: __, superseded_at: ___, ...row }) => row);
    expect(asSent(await rowsOf("events", `seq <= ${EVENTS}`))).toEqual(asSent(before.events));
    for (const project_id of PROJECTS) {
      const own = [...archived, ...sent].filter((one) => one.project_id === project_id);
      expect(await figuresIn(project_id)).toEqual(figuresOf(own, 30));
    }
    expect((await rowsOf("audit")).length).toBeGreaterThan((before.audit as unknown[]).length);
  });

  it("has the figures of days whose events had been removed from the log, too", async () => {
    const { bytes, customMetadata } = bucketBefore.get(SETTINGS) as {
      bytes: ArrayBuffer;
      customMetadata: Record<string, string>;
    };
    const settings = JSON.parse(new TextDecoder().decode(bytes)) as { projects: { settled_before: string }[] };
    for (const project of settings.projects) project.settled_before = "2026-05-02";
    await env.ARCHIVE.put(SETTINGS, JSON.stringify(settings), { customMetadata });
    await lose();
    await restore();
    await settle(TABLES);
    expect(await everything()).toEqual(before);
  });

  it("has the receipts of erasures, then those requested since the loss, and no names of an unfinished one", async () => {
    const [receipt] = before.erasures as { n: number; id: string }[];
    await env.DB.prepare(
      `INSERT INTO erasures (id, project_id, subject, suppress, step, due_at, names, found, requested_at)
        SELECT 'running', project_id, 'other', 0, step, 0, '{"player":["named",""]}', found, 0 FROM erasures LIMIT 1`,
    ).run();
    await saveSettings(env.ARCHIVE, db, NOW + 24 * HOUR);
    for (const key of await keysIn("state/")) expect(await (await env.ARCHIVE.get(key))?.text()).not.toContain("named");
    await lose();
    await createProject("one");
    // Otherwise the archive would restore data in spite of the erasure's receipt.
    const since = await askToErase("player-1");
    expect(since).toMatchObject({ status: "running", error: expect.stringContaining("restore it first") });
    await restore();
    await settle(TABLES);
    expect(await erase("player-1")).toMatchObject({ id: since.id });
    await archiveAll();
    expect(
      (await archivedRows()).filter((row) => row[at("project_id")] === "one" && row[at("player_id")] === "player-1"),
    ).toEqual([]);
    const { results } = await env.DB.prepare("SELECT n, id FROM erasures ORDER BY n").all<{ n: number; id: string }>();
    expect(results.map(({ id }) => id)).toEqual([receipt?.id, since.id]);
    expect(results[0]?.n).toBe(receipt?.n);
  });

  it("is not written to the bucket: nothing of the archive is overwritten before the restore", async () => {
    await lose();
    const bucket = await contents();
    await deliver([{ events: [event(1)] }]);
    await expect(archiveAll()).rejects.toThrow("npm run restore");
    await expect(saveSettings(env.ARCHIVE, db, NOW)).rejects.toThrow("restore it first");
    expect(await contents()).toEqual(bucket);
  });

  it("names a file that was altered", async () => {
    await lose();
    const [key = ""] = await keysIn("events/");
    const { bytes } = bucketBefore.get(key) as { bytes: ArrayBuffer };
    await env.ARCHIVE.put(key, new Uint8Array(bytes).with(50, 0).with(51, 0).with(52, 0));
    await expect(restore()).rejects.toThrow(`${key} is not as it was written`);
    await env.ARCHIVE.put(key, bytes);
    expect(await restore()).toMatchObject({ rows_done: EVENTS });
  });
});

it("a file of several row groups is restored group by group", async () => {
  await lose();
  await emptyBucket();
  await createProject("one");
  const rows = 10_500;
  const many = Array.from({ length: rows }, (_, n) =>
    event(0, { event_id: `many-${n}`, timestamp: START + n, received_at: START + n, data: `{"n":${n}}` }),
  );
  await deliver([{ events: many }]);
  for (const projection of GROUPS.archive.projections) while ((await advance(env, db, projection, NOW)).behind > 0);
  await compact(env, db, NOW);
  await saveSettings(env.ARCHIVE, db, NOW);
  expect(await keysIn("events/")).toHaveLength(1);
  const log = await rowsOf("events");
  await lose();
  const seen: number[] = [];
  for (let phase = ""; phase !== "done"; ) {
    const restored = await step();
    phase = restored.phase;
    if (phase === "events") seen.push(restored.rows_done);
  }
  expect(seen).toEqual([0, 10_000, rows]);
  expect(await rowsOf("events")).toEqual(log);
});

describe("the route", () => {
  const ask = (headers?: HeadersInit) => call("POST", "/archive/restore", undefined, headers);

  it("does one step per call, and nothing when the restore is done", async () => {
    await lose();
    const phases = new Set<string>();
    for (let restored: Restored | null = null; restored?.phase !== "done"; ) {
      const answer = await ask();
      expect(answer.status).toBe(200);
      restored = await answer.json<Restored>();
      phases.add(restored.phase);
    }
    expect([...phases]).toEqual(["settings", "audit", "manifests", "events", "check", "done"]);
    expect(await (await ask()).json()).toMatchObject({ phase: "done", rows_done: EVENTS });
    expect((await rowsOf("audit", "action = 'archive.restore'")).length).toBe(1);
  });

  it("refuses when there is nothing to restore", async () => {
    await env.DB.prepare("DELETE FROM restores").run();
    expect((await ask()).status).toBe(409);
    await lose();
    await emptyBucket();
    expect((await ask()).status).toBe(409);
    expect(await rowsOf("restores")).toEqual([]);
  });
});
