/** The archive under faults: whichever call fails or is the last one, no event is lost or doubled. */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { at, COLUMNS } from "../../worker/archive/columns.ts";
import { compact } from "../../worker/archive/compaction.ts";
import { decode, encode, type Row } from "../../worker/archive/parquet.ts";
import { EVENTS, generationOf, keyOf, lastSeqOf } from "../../worker/archive/partition.ts";
import { sweep } from "../../worker/archive/sweep.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { advance } from "../../worker/projections/runner.ts";
import { databaseOf } from "../../worker/store/database.ts";
import { archivedRows, Crash, emptyBucket, faulty, keysIn, objectsIn } from "./bucket.ts";
import { createProject, deliver, storedEvent } from "./log.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-05-01T22:00:00Z");
const NOW = START + 5 * HOUR;
const EVENTS_IN_LOG = 48;
/** A part of them, for what is done many times; and how many a run of it takes at most. */
const SOON = START + 75 * 60_000;
const LIMIT = 12;
const UNBROKEN = Number.MAX_SAFE_INTEGER;

const columns = COLUMNS.map(({ name }) => name).join(", ");
const log = (until = NOW) =>
  env.DB.prepare(`SELECT ${columns} FROM events WHERE received_at < ? ORDER BY seq`).bind(until).raw();

/** Runs the group's projections to the end, as an alarm does: a failure ends the invocation. */
async function run(bindings: Env, now = NOW, limit = LIMIT): Promise<void> {
  const database = databaseOf(bindings);
  for (const projection of GROUPS.archive.projections)
    while ((await advance(bindings, database, projection, now, limit)).behind > 0);
}
const merge = (bindings: Env, now = NOW) => compact(bindings, databaseOf(bindings), now);

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

const contents = async () => Object.fromEntries((await objectsIn()).map(({ key, etag }) => [key, etag]));
const keysOf = async (state: "live" | "fenced"): Promise<string[]> =>
  (
    await env.DB.prepare("SELECT key FROM archive_files WHERE state = ? ORDER BY key").bind(state).raw()
  ).flat() as string[];
const liveKeys = () => keysOf("live");
/** A file's key without its writer. */
const named = (keys: string[]) => keys.map((key) => key.replace(/\.[0-9a-f]{8}\.parquet$/, ".parquet"));

async function begin(): Promise<void> {
  await emptyBucket();
  await env.DB.batch(
    ["archive_runs", "archive_files", "archive_compactions", "projections"].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  );
}

/** Late events, at this distance from each other. */
const spread = (many: number, distance: number, received_at: number) =>
  Array.from({ length: many }, (_, n) =>
    storedEvent({
      project_id: "archived",
      event_type: "spin",
      player_id: "late",
      timestamp: START - n * distance,
      received_at,
    }),
  );
const lengthOfRun = async () =>
  env.DB.prepare("SELECT last_seq - first_seq + 1 AS n FROM archive_runs ORDER BY first_seq DESC").first(
    "n",
  ) as Promise<number>;

const bySeq = (rows: unknown[][]) => rows.sort((a, b) => Number(a[at("seq")]) - Number(b[at("seq")]));
const seqs = (rows: unknown[][]) => bySeq(rows).map((row) => row[at("seq")] as number);

/** Outside the archive the bucket has only files without events, which block what an interrupted run might still write. */
async function isWhole(until = NOW): Promise<void> {
  expect(bySeq(await archivedRows())).toEqual(await log(until));
  while (!(await sweep(env, databaseOf(env), until)));
  const fenced = await keysOf("fenced");
  expect(await keysIn(EVENTS)).toEqual([...(await liveKeys()), ...fenced].sort());
  for (const key of fenced) {
    const object = (await env.ARCHIVE.get(key)) as R2ObjectBody;
    for await (const rows of decode(await object.arrayBuffer())) expect(rows).toEqual([]);
  }
}

beforeAll(async () => {
  await createProject("archived");
  const events = Array.from({ length: EVENTS_IN_LOG }, (_, n) => {
    const received_at = START + n * ((3 * HOUR) / EVENTS_IN_LOG);
    return storedEvent({
      project_id: "archived",
      event_type: n % 3 === 0 ? "deposit" : "visit",
      player_id: `player-${n % 9}`,
      // Every eighth event is up to a day late.
      timestamp: n % 8 === 3 ? received_at - (n % 5) * 6 * HOUR : received_at,
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

beforeEach(async () => {
  vi.spyOn(console, "error").mockReturnValue();
  await begin();
});
afterEach(() => vi.restoreAllMocks());

describe("the archive", () => {
  it("holds the log with every value unchanged", async () => {
    await run(env);
    await isWhole();
    expect(named(await keysIn(EVENTS))).toContain(
      "events/year=2026/month=05/day=01/hour=22/000000000001-000000000012.parquet",
    );
  });

  it("takes only what was received in closed quarters of an hour", async () => {
    await run(env, START + 2 * HOUR + 14 * 60_000);
    expect(seqs(await archivedRows())).toEqual(Array.from({ length: 32 }, (_, n) => n + 1));
    await run(env, START + 2 * HOUR + 15 * 60_000);
    expect(seqs(await archivedRows())).toHaveLength(36);
  });

  it("has the same events in the same files after a fault at any call", async () => {
    await run(env, SOON);
    const expected = named(await liveKeys());
    await begin();
    const unbroken = faulty(UNBROKEN, "fails");
    await run(unbroken.env, SOON);
    expect(unbroken.calls()).toBeGreaterThan(30);
    for (const { fault, nth } of unbroken.faults()) {
      await begin();
      expect(await ends(run(faulty(nth, fault).env, SOON))).toBe(true);
      const seen = seqs(await archivedRows());
      expect(new Set(seen).size).toBe(seen.length);
      await run(env, SOON);
      expect({ nth, fault, keys: named(await liveKeys()) }).toEqual({ nth, fault, keys: expected });
      await isWhole(SOON);
    }
    await isWhole(SOON);
  });

  it("never overwrites files that another log has written", async () => {
    await run(env);
    const before = await contents();
    await env.DB.batch(
      ["archive_runs", "archive_files", "projections"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    );
    await env.DB.prepare("UPDATE events SET player_id = 'someone else' WHERE seq = 1").run();
    await expect(run(env)).rejects.toThrow("the archive of another log");
    expect(await contents()).toEqual(before);
    await env.DB.prepare("UPDATE events SET player_id = 'player-0' WHERE seq = 1").run();
  });
});

describe("a log that went back to an earlier state", () => {
  it("is refused, however often it tries, and nothing in the bucket changes", async () => {
    await run(env, START + 2 * HOUR);
    const cursor = await env.DB.prepare("SELECT cursor FROM projections WHERE name = 'archive'").first<number>(
      "cursor",
    );
    await run(env);
    const before = await contents();
    await env.DB.batch([
      env.DB.prepare("DELETE FROM archive_runs"),
      env.DB.prepare("DELETE FROM archive_files WHERE first_seq > ?").bind(cursor),
      env.DB.prepare("UPDATE projections SET cursor = ?").bind(cursor),
    ]);
    for (let attempt = 1; attempt <= 3; attempt++) await expect(run(env)).rejects.toThrow("the archive of another log");
    expect(await contents()).toEqual(before);
  });
});

describe("the key of a file", () => {
  it("shows how often the file was rewritten, whatever its writer's name", () => {
    const key = (writer: string, generation: number) => keyOf(10, 1, 20, writer, generation);
    for (const writer of ["0123abcd", "c6802203", "00000000"]) {
      expect([0, 1, 12].map((generation) => generationOf(key(writer, generation)))).toEqual([0, 1, 12]);
      expect(lastSeqOf(key(writer, 1))).toBe(20);
    }
    // A key from before keys named their writers.
    const old = key("0123abcd", 3).replace(".0123abcd", "");
    expect([generationOf(old), generationOf(old.replace(".c3", ""))]).toEqual([3, 0]);
  });
});

describe("compaction", () => {
  const later = NOW + 13 * HOUR;

  it("merges an hour's files into one, with every event once, after a fault at any call", async () => {
    await run(env, SOON);
    const small = await liveKeys();
    const unbroken = faulty(UNBROKEN, "fails");
    expect(await merge(unbroken.env)).toMatchObject({ finished: true });
    await isWhole(SOON);
    const merged = named(await liveKeys());
    expect(merged.length).toBeLessThan(small.length);
    expect(new Set(merged.map((key) => key.replace(/[^/]*$/, ""))).size).toBe(merged.length);

    for (const { fault, nth } of unbroken.faults()) {
      await begin();
      await run(env, SOON);
      await ends(merge(faulty(nth, fault).env));
      // In the manifest no event is ever missing or double, whatever other objects the bucket has.
      expect(seqs(await archivedRows())).toEqual(seqs(await log(SOON)));
      await merge(env, later);
      await isWhole(SOON);
      expect({ nth, fault, keys: named(await liveKeys()) }).toEqual({ nth, fault, keys: merged });
    }
  });

  it("merges late events into the hour's file, and is done by one run at a time", async () => {
    await run(env, START + HOUR);
    await merge(env);
    await run(env);
    const [first, second] = await Promise.all([merge(env, later), merge(env, later)]);
    expect([first, second].filter((outcome) => outcome === null)).toHaveLength(1);
    await isWhole();
    expect(named(await liveKeys()).some((key) => key.endsWith(".c1.parquet"))).toBe(true);
  });

  it("merges no damaged file", async () => {
    await run(env);
    const small = await liveKeys();
    const damaged = small.find((key) => key.includes("hour=23/000000000025")) as string;
    await env.ARCHIVE.put(damaged, new Uint8Array(100));
    await merge(env);
    expect(await liveKeys()).toContain(damaged);
  });
});

describe("a run that is too much for one invocation", () => {
  it("continues with the files that were not written when it was interrupted", async () => {
    await run(env, NOW + HOUR);
    const [later, hours, calls] = [NOW + 2 * HOUR, 160, 60];
    await deliver([{ events: spread(hours, HOUR, NOW + HOUR) }]);
    const lengths: number[] = [];
    for (let broken = true; broken; lengths.push(await lengthOfRun())) {
      // Too few calls for a file of each hour.
      broken = await ends(run(faulty(calls, "is the last").env, later, hours));
      expect(lengths.length).toBeLessThan(20);
    }
    expect(lengths.length).toBeGreaterThan(hours / calls);
    expect(new Set(lengths)).toEqual(new Set([hours]));
    await isWhole(later);
  });

  it("splits a file that is too large into halves, and leaves nothing of the whole", async () => {
    await run(env, NOW + 2 * HOUR, 1_000);
    const [later, events] = [NOW + 3 * HOUR, 160];
    await deliver([{ events: spread(events, 0, NOW + 2 * HOUR) }]);
    const rows = await env.DB.prepare(`SELECT ${columns} FROM events ORDER BY seq DESC LIMIT ${events}`).raw();
    const most = encode(rows as Row[]).length * 0.7;
    const small = new Proxy(env.ARCHIVE, {
      get: (real, name) => {
        if (name === "put")
          return (key: string, bytes: Uint8Array, options: R2PutOptions) => {
            if (key.startsWith(EVENTS) && bytes.length > most) throw new Crash("too much");
            return real.put(key, bytes, options);
          };
        const value = Reflect.get(real, name);
        return typeof value === "function" ? value.bind(real) : value;
      },
    });
    const lengths: number[] = [];
    for (let broken = true; broken; lengths.push(await lengthOfRun())) {
      broken = await ends(run({ ...env, ARCHIVE: small }, later, events));
      expect(lengths.length).toBeLessThan(20);
    }
    expect(lengths.slice(0, 5)).toEqual([events, events, events, events, events / 2]);
    await isWhole(later);
  });
});
