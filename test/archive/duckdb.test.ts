/** An independent reader opens the archive: DuckDB finds every accepted event once, with exact amounts and right types. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json";
import { compact } from "../../worker/archive/compaction.ts";
import { SOFTWARE } from "../../worker/archive/parquet.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { advance } from "../../worker/projections/runner.ts";
import { objectsIn } from "../worker/bucket.ts";
import { createProject, db, deliver, storedEvent } from "../worker/log.ts";
import type { Question, Rows } from "./duckdb.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse("2026-02-28T21:30:00Z");
const NOW = START + 8 * HOUR;
const PROJECTS = [
  ["default", "UTC"],
  ["kathmandu", "Asia/Kathmandu"],
] as const;
const TEXTS = [
  "café",
  "cafe\u0301",
  "日本語/キャンペーン",
  "עברית \u202eabc",
  "😀",
  "\ufeffbom",
  "'; DROP --",
  '"',
  " ",
];
/** In 1/10,000 units: whole yen, thousandths of a dinar, four decimal places, the largest amount. */
const MONEY = [
  [12_340_000, "JPY"],
  [1_234_560, "KWD"],
  [99_999, "USD"],
  [1, "EUR"],
  [9_000_000_000_000_000, "VND"],
] as const;
const COUNT = 1_500;

function* traffic(): Generator<StoredEvent> {
  for (let n = 0; n < COUNT; n++) {
    const [project_id, timezone] = PROJECTS[n % 2] as (typeof PROJECTS)[number];
    const received_at = START + n * ((7 * HOUR) / COUNT);
    const [amount, currency] = n % 3 === 0 ? (MONEY[n % 5] as (typeof MONEY)[number]) : [null, null];
    yield storedEvent(
      {
        project_id,
        event_type: n % 3 === 0 ? "deposit" : "visit",
        player_id: n % 4 ? `player-${n % 50}` : null,
        visitor_id: n % 4 ? null : `visitor ${n}`,
        banner_tag: n % 5 ? (TEXTS[n % TEXTS.length] as string) : null,
        timestamp: n % 40 === 0 ? received_at - (n % 7) * 5 * HOUR : received_at,
        received_at,
        amount,
        currency,
        // Each of them twice: the second is stored as the duplicate of the first.
        transaction_id: n % 3 === 0 ? `t${n % 2}-${Math.floor(n / 12)}` : null,
        score: n % 6 === 0 ? 2 ** 40 - n : null,
        data: n % 7 ? null : JSON.stringify({ text: TEXTS[n % TEXTS.length], deep: [{ n }] }),
        test: n % 17 === 0 ? 1 : 0,
        bot: n % 19 === 0 ? "crawler" : null,
      },
      timezone,
    );
  }
}

const sent = [...traffic()];
const ARCHIVE = "read_parquet('ARCHIVE/events/**/*.parquet', hive_partitioning = true)";
let files: Question["files"];

async function ask(question: string[], more: Partial<Question> = {}): Promise<Rows> {
  const body = JSON.stringify({ files, sql: question, ...more });
  const response = await env.DUCKDB.fetch("https://duckdb.example", { method: "POST", body });
  if (!response.ok) throw new Error(await response.text());
  return response.json<Rows>();
}

async function download(): Promise<Question["files"]> {
  const all: Question["files"] = {};
  for (const { key } of await objectsIn()) {
    all[key] = new Uint8Array((await (await env.ARCHIVE.get(key))?.arrayBuffer()) as ArrayBuffer).toBase64();
  }
  return all;
}

beforeAll(async () => {
  // The first project exists from the beginning.
  for (const [project_id, timezone] of PROJECTS.slice(1)) await createProject(project_id, { timezone });
  for (let from = 0; from < COUNT; from += 100) {
    const messages = [{ events: sent.slice(from, from + 100) }];
    await deliver(messages);
    if (from % 300 === 0) await deliver(messages);
  }
  for (const now of [NOW - 3 * HOUR, NOW]) {
    for (const projection of GROUPS.archive.projections)
      while ((await advance(env, db, projection, now, 400)).behind > 0);
  }
  files = await download();
});

/** By currency, in 1/10,000 units, as text. */
function sums(): Record<string, string> {
  const totals: Record<string, bigint> = {};
  for (const { amount, currency } of sent)
    if (amount !== null && currency) totals[currency] = (totals[currency] ?? 0n) + BigInt(amount);
  return Object.fromEntries(
    Object.entries(totals).map(([currency, units]) => [
      currency,
      `${units / 10_000n}.${String(units % 10_000n).padStart(4, "0")}`,
    ]),
  );
}

const everything = async () => {
  const [counted] = await ask([
    `SELECT count(*) AS rows, count(DISTINCT (project_id, event_id)) AS events, count(DISTINCT seq) AS seqs FROM ${ARCHIVE}`,
  ]);
  expect(counted).toEqual({ rows: String(COUNT), events: String(COUNT), seqs: String(COUNT) });
  const money = await ask([
    `SELECT currency, sum(amount)::VARCHAR AS total FROM ${ARCHIVE} WHERE amount IS NOT NULL GROUP BY currency`,
  ]);
  expect(Object.fromEntries(money.map(({ currency, total }) => [currency, total]))).toEqual(sums());
};

describe("DuckDB", () => {
  it("finds every accepted event once and every amount exact", everything);

  it("finds every value as it is in the log", async () => {
    const rows = await ask([
      `SELECT seq::INTEGER AS seq, * EXCLUDE (seq, banner_tag, timestamp, received_at, event_date, amount, score, test, trusted, year, month, day, hour),
        epoch_ms(timestamp)::DOUBLE AS timestamp, epoch_ms(received_at)::DOUBLE AS received_at, event_date::VARCHAR AS event_date,
        (amount::DECIMAL(38, 4) * 10000)::BIGINT::VARCHAR AS amount, score::DOUBLE AS score, hex(banner_tag) AS banner_tag, test::INTEGER AS test, trusted::INTEGER AS trusted
      FROM ${ARCHIVE} ORDER BY seq`,
    ]);
    const { results } = await env.DB.prepare("SELECT * FROM events ORDER BY seq").all<Record<string, unknown>>();
    const log: Rows = results.map(
      ({ actor: _a, tagged: _t, counted: _c, standing: _s, superseded_at: _at, ...event }) => ({
        ...event,
        amount: event.amount === null ? null : String(event.amount),
        // Compared as bytes: a text from DuckDB loses its byte order mark.
        banner_tag:
          event.banner_tag === null ? null : new TextEncoder().encode(String(event.banner_tag)).toHex().toUpperCase(),
      }),
    );
    expect(rows).toEqual(log);
    expect(log.filter(({ duplicate_of }) => duplicate_of !== null).length).toBeGreaterThan(100);
  });

  it("finds the column types that the docs give", async () => {
    const columns = await ask([`DESCRIBE SELECT * FROM ${ARCHIVE}`]);
    const types = Object.fromEntries(columns.map(({ column_name, column_type }) => [column_name, column_type]));
    expect(types).toMatchObject({
      seq: "BIGINT",
      project_id: "VARCHAR",
      timestamp: "TIMESTAMP WITH TIME ZONE",
      received_at: "TIMESTAMP WITH TIME ZONE",
      event_date: "DATE",
      event_hour: "INTEGER",
      amount: "DECIMAL(18,4)",
      score: "BIGINT",
      data: "VARCHAR",
      test: "BOOLEAN",
      duplicate_of: "VARCHAR",
      trusted: "BOOLEAN",
      year: "BIGINT",
    });
    expect(
      await ask([`SELECT data ->> '$.deep[0].n' AS n FROM ${ARCHIVE} WHERE data IS NOT NULL ORDER BY seq LIMIT 1`]),
    ).toEqual([{ n: "0" }]);
  });

  it("finds each event in the partition of its UTC hour, and each file's schema version and software", async () => {
    const astray = await ask([
      `SELECT count(*) AS astray FROM ${ARCHIVE}
       WHERE make_timestamp(year::INT, month::INT, day::INT, hour::INT, 0, 0) <> date_trunc('hour', timestamp)::TIMESTAMP`,
    ]);
    expect(astray).toEqual([{ astray: "0" }]);
    const told = await ask([
      `SELECT decode(key) AS key, decode(value) AS value, count(*) AS files
       FROM parquet_kv_metadata('ARCHIVE/events/**/*.parquet') WHERE decode(key) NOT LIKE '%rows' GROUP BY ALL ORDER BY key`,
    ]);
    const of = String(Object.keys(files).filter((key) => key.endsWith(".parquet")).length);
    expect(told).toEqual([
      { key: "edgepixel.schema_version", value: "2", files: of },
      { key: "edgepixel.software", value: SOFTWARE, files: of },
    ]);
    expect(SOFTWARE).toBe(`${packageJson.name} ${packageJson.version}`);
  });

  it("answers every query of the docs", async () => {
    const answers = await ask([], { docs: "docs/archive.md" });
    expect(answers.length).toBeGreaterThan(2);
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(answers.filter(({ rows }) => rows === 0)).toEqual([]);
  });

  it("finds the same after compaction, by glob and by manifest", async () => {
    const before = Object.keys(files).length;
    expect(await compact(env, db, NOW + 24 * HOUR)).toMatchObject({ finished: true });
    files = await download();
    expect(Object.keys(files).length).toBeLessThan(before);
    await everything();
    const listed = await ask([
      `SET VARIABLE files = (SELECT list('ARCHIVE/' || file.key) FROM
        (SELECT unnest(files) AS file FROM read_json('ARCHIVE/manifest/*.json')))`,
      "SELECT count(DISTINCT seq) AS seqs, count(*) AS rows FROM read_parquet(getvariable('files'))",
    ]);
    expect(listed).toEqual([{ seqs: String(COUNT), rows: String(COUNT) }]);
  });
});
