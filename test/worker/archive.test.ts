/** The archive under faults: whatever call fails, before or after it has done its work, nothing is lost or doubled. */
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { at, COLUMNS } from "../../worker/archive/columns.ts";
import { compact } from "../../worker/archive/compaction.ts";
import { EVENTS } from "../../worker/archive/partition.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { advance } from "../../worker/projections/runner.ts";
import { openDatabase } from "../../worker/schema.ts";
import { archivedRows, Crash, emptyBucket, failing, keysIn } from "./bucket.ts";
import { createProject, db, deliver, storedEvent } from "./log.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-05-01T22:00:00Z");
const NOW = START + 5 * HOUR;
const EVENTS_IN_LOG = 60;
/** Events that a step takes: three runs. */
const LIMIT = 25;

const columns = COLUMNS.map(({ name }) => name).join(", ");
const log = () => env.DB.prepare(`SELECT ${columns} FROM events ORDER BY seq`).raw();

/** Runs the group's projections to the end, as an alarm does: what fails ends the invocation. */
async function run(bindings: Env, now = NOW, limit = LIMIT): Promise<void> {
  const database = openDatabase(bindings.DB);
  for (const projection of GROUPS.archive.projections)
    while ((await advance(bindings, database, projection, now, limit)).behind > 0);
}

/** Whether it was ended by the fault. */
async function crashes(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return false;
  } catch (error) {
    if (error instanceof Crash || /call \d+/.test(String((error as Error).cause ?? error))) return true;
    throw error;
  }
}

const sums = async (prefix: string): Promise<Record<string, string>> => {
  const known: Record<string, string> = {};
  for (const key of await keysIn(prefix)) known[key] = (await env.ARCHIVE.head(key))?.etag ?? "";
  return known;
};
const liveKeys = async (): Promise<string[]> =>
  (await env.DB.prepare("SELECT key FROM archive_files WHERE state = 'live' ORDER BY key").raw()).flat() as string[];

async function begin(): Promise<void> {
  await emptyBucket();
  for (const table of ["archive_runs", "archive_files", "archive_compactions"])
    await env.DB.prepare(`DELETE FROM ${table}`).run();
  await env.DB.prepare("DELETE FROM projections WHERE name LIKE 'archive%'").run();
}

const seqs = (rows: unknown[][]) => rows.map((row) => row[at("seq")] as number).sort((a, b) => a - b);

async function isWhole(): Promise<void> {
  const rows = await archivedRows();
  expect(rows.sort((a, b) => (a[0] as number) - (b[0] as number))).toEqual(await log());
  expect(await keysIn(EVENTS)).toEqual(await liveKeys());
}

beforeAll(async () => {
  await createProject("archived");
  const events = Array.from({ length: EVENTS_IN_LOG }, (_, n) => {
    const received_at = START + n * (3 * HOUR / EVENTS_IN_LOG);
    // Every seventh comes up to a day late.
    const timestamp = n % 7 === 3 ? received_at - (n % 5) * 6 * HOUR : received_at;
    return storedEvent({
      project_id: "archived",
      event_type: n % 3 === 0 ? "deposit" : "visit",
      player_id: `player-${n % 9}`,
      timestamp,
      received_at,
      banner_tag: n % 2 ? "\ufeffnaïve 😀" : null,
      data: n % 4 ? JSON.stringify({ text: "日本語\n", n }) : null,
      ...(n % 3 === 0 && { amount: 9_007_199_254_740_991 - n, currency: "JPY", transaction_id: `t${n % 30}` }),
      score: n % 5 === 0 ? -n : null,
      test: n % 11 === 0 ? 1 : 0,
      bot: n % 13 === 0 ? "crawler" : null,
    });
  });
  await deliver([{ events }]);
});

beforeEach(begin);

describe("the archive", () => {
  it("holds the log, every value as it was", async () => {
    await run(env);
    await isWhole();
    expect((await log()).length).toBe(EVENTS_IN_LOG);
    expect((await keysIn(EVENTS))[0]).toMatch(
      /^events\/year=2026\/month=05\/day=01\/hour=\d\d\/000000000001-000000000025\.parquet$/,
    );
  });

  it("takes only what was received in closed quarters of an hour", async () => {
    await run(env, START + 2 * HOUR + 14 * 60_000);
    const taken = seqs(await archivedRows());
    expect(taken).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
    await run(env, START + 2 * HOUR + 15 * 60_000);
    expect(seqs(await archivedRows())).toHaveLength(45);
  });

  it("writes the same files again after a fault at any call", async () => {
    await run(env);
    const expected = await sums("");
    const counter = failing(0, "before");
    await begin();
    await run(counter.env);
    expect(counter.calls()).toBeGreaterThan(30);
    for (const when of ["before", "after"] as const) {
      for (let nth = 1; nth <= counter.calls(); nth++) {
        await begin();
        expect(await crashes(() => run(failing(nth, when).env))).toBe(true);
        const seen = seqs(await archivedRows());
        expect(new Set(seen).size).toBe(seen.length);
        await run(env);
        expect({ nth, when, sums: await sums("") }).toEqual({ nth, when, sums: expected });
      }
    }
    await isWhole();
  });
});

describe("compaction", () => {
  const later = NOW + 13 * HOUR;
  it("makes one file of an hour's, with every event once, after a fault at any call", async () => {
    await run(env);
    const small = (await liveKeys()).length;
    expect(await compact(env, db, NOW)).toMatchObject({ finished: true });
    await isWhole();
    const merged = await liveKeys();
    expect(merged.length).toBeLessThan(small);
    expect(new Set(merged.map((key) => key.split("/").slice(0, -1).join("/"))).size).toBe(merged.length);

    const counter = failing(0, "before");
    await begin();
    await run(env);
    await compact(counter.env, openDatabase(counter.env.DB), NOW);
    for (const when of ["before", "after"] as const) {
      for (let nth = 1; nth <= counter.calls(); nth++) {
        await begin();
        await run(env);
        const faulty = failing(nth, when).env;
        await crashes(() => compact(faulty, openDatabase(faulty.DB), NOW));
        expect(seqs(await archivedRows())).toEqual(seqs(await log()));
        await compact(env, db, later);
        await isWhole();
        expect({ nth, when, keys: await liveKeys() }).toEqual({ nth, when, keys: merged });
      }
    }
  });
});
