/** The rows of the database, as far as reports can read them. */
import { env } from "cloudflare:workers";
import { writeEventIds } from "../../worker/event-log/event-ids.ts";
import { db } from "../worker/log.ts";

/**
 * How far a step has come and when it ran, what is kept outside of the log, as rules are, what a duty computes by these, and by
 * what an answer is known to be old. The rows of the figures depend on the order of events; what they mean does not, and is compared.
 */
const RECORDS = [
  "d1_migrations",
  "projections",
  "settled_postbacks",
  "changes",
  "archive_files",
  "archive_runs",
  "archive_compactions",
  "manifests_due",
  "failing_duties",
  "cron_runs",
  "restores",
  "sweeps",
  "audit",
  "keys",
  "instance_keys",
  "aggregated_reports",
  "words",
  "people",
  "people_past",
  "visitor_pages",
  "days",
  "figures_stand",
  "scopes",
  "payout_rules",
  "click_rules",
  "conversions",
  "conversion_changes",
  "payout_months",
  "payout_backfills",
  // How ids are distributed over pages depends on when they were put there; `EVENT_IDS` has what they mean.
  "log_id_pages",
  "log_ids",
  "log_state",
];

/** Where the log finds each id of an event, in whichever page it is. */
const EVENT_IDS = `(SELECT p.project_id, x.key, x.value FROM log_id_pages p CROSS JOIN json_each(p.ids) x
  UNION ALL SELECT project_id, event_id, place FROM log_ids)`;

/** If a trusted event has a transaction, it does not matter which untrusted one had it first. */
const IN_USE: Record<string, string> = {
  transactions: `trusted = 1 OR NOT EXISTS (SELECT 1 FROM transactions t WHERE t.project_id = transactions.project_id
    AND t.event_type = transactions.event_type AND t.transaction_id = transactions.transaction_id AND t.trusted = 1)`,
};

const PAGE = 5_000;

/** All rows of each table as text, sorted. */
export async function rowsByTable(): Promise<Record<string, string[]>> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%' ORDER BY name",
  ).all<{ name: string }>();
  const tables = results.map(({ name }) => name).filter((name) => !RECORDS.includes(name));
  const rows: Record<string, string[]> = {};
  for (const table of tables) rows[table] = await rowsOf(table);
  while (await writeEventIds(db, 1));
  rows["ids of events"] = await rowsOf(EVENT_IDS);
  return rows;
}

async function rowsOf(table: string): Promise<string[]> {
  const rows: string[] = [];
  for (;;) {
    const page = await env.DB.prepare(
      `SELECT * FROM ${table} WHERE ${IN_USE[table] ?? "true"} LIMIT ${PAGE} OFFSET ${rows.length}`,
    ).raw();
    rows.push(...page.map((row) => JSON.stringify(row)));
    if (page.length < PAGE) return rows.sort();
  }
}
