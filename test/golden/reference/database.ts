/** The golden events in DuckDB, with the counted events derived from them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance, type DuckDBPreparedStatement } from "@duckdb/node-api";
import type { StoredEvent } from "../../../worker/event.ts";
import { PROJECTS } from "../projects.ts";
import { goldenRates } from "../rates.ts";
import { FACTS } from "./facts.ts";

/** Only the sender's fields, and what was observed of the sender; fields that the product derives are left out. */
const SENT = {
  arrived: "BIGINT",
  project_id: "VARCHAR",
  event_id: "VARCHAR",
  event_type: "VARCHAR",
  player_id: "VARCHAR",
  visitor_id: "VARCHAR",
  banner_tag: "VARCHAR",
  app_id: "VARCHAR",
  session_id: "VARCHAR",
  platform: "VARCHAR",
  timestamp: "BIGINT",
  received_at: "BIGINT",
  amount: "BIGINT",
  currency: "VARCHAR",
  transaction_id: "VARCHAR",
  score: "BIGINT",
  data: "VARCHAR",
  country: "VARCHAR",
  device: "VARCHAR",
  browser: "VARCHAR",
  os: "VARCHAR",
  referrer: "VARCHAR",
  bot: "VARCHAR",
  test: "INTEGER",
  trusted: "INTEGER",
} as const satisfies Record<string, string>;

export type Cell = string | number | boolean | null | Cell[];
export type Row = Record<string, Cell>;
export type Select = <T extends Row = Row>(sql: string, values?: Record<string, string>) => Promise<T[]>;

/** `sent` in the order of arrival. */
export async function openFacts(sent: readonly StoredEvent[]): Promise<Select> {
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  const load = async (name: string, rows: readonly object[], columns: Record<string, string>) => {
    const file = join(folder, `${name}.ndjson`);
    writeFileSync(file, rows.map((row) => JSON.stringify(row)).join("\n"));
    await connection.run(
      `CREATE TABLE ${name} AS SELECT * FROM read_json($file, format = 'newline_delimited', columns = ${struct(columns)})`,
      { file },
    );
  };
  await load(
    "sent",
    sent.map((event, arrived) => ({ arrived, ...event })),
    SENT,
  );
  const text = "VARCHAR";
  await load("projects", PROJECTS, { project_id: text, timezone: text, currency: text, attribution_days: "BIGINT" });
  await load("rates", goldenRates(), { currency_code: text, rate_date: text, usd_rate: text });
  rmSync(folder, { recursive: true });
  for (const statement of FACTS) await connection.run(statement);
  return selecting(connection);
}

const struct = (columns: Record<string, string>) =>
  `{${Object.entries(columns)
    .map(([name, type]) => `${name}: '${type}'`)
    .join(", ")}}`;

/**
 * `$name` in the query is the value with that name; values that it does not use are left out. Most queries take longer to plan
 * than to run, so each is planned once. Reports that differ only in their order or in the compared period need the same
 * rows, so the rows are kept, as JSON.
 */
function selecting(connection: DuckDBConnection): Select {
  const planned = new Map<string, DuckDBPreparedStatement>();
  const kept = new Map<string, string>();
  const run = async (sql: string, used: [string, string][]): Promise<string> => {
    const statement = planned.get(sql) ?? (await connection.prepare(sql));
    planned.set(sql, statement);
    statement.bind(Object.fromEntries(used));
    return JSON.stringify((await statement.runAndReadAll()).getRowObjectsJS().map(plain));
  };
  /** Queries run one after the other: another one would change the values of a statement that runs. */
  let last: Promise<unknown> = Promise.resolve();
  return async <T extends Row>(sql: string, values: Record<string, string> = {}) => {
    const used = Object.entries(values).filter(([name]) => new RegExp(`\\$${name}\\b`).test(sql));
    const key = JSON.stringify([sql, used]);
    const running = last.then(async () => kept.get(key) ?? (await run(sql, used)));
    last = running.catch(() => undefined);
    const rows = await running;
    kept.set(key, rows);
    return JSON.parse(rows) as T[];
  };
}

/** Whole numbers as JavaScript numbers. Larger ones are money, which DuckDB returns as text. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  }
  if (typeof value !== "bigint") return value;
  if (!Number.isSafeInteger(Number(value))) throw new Error(`${value} does not fit into a number`);
  return Number(value);
}
