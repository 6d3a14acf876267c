/**
 * What figures depend on beside the events, in the bucket: a restore needs it. `state/settings.json` holds the settings,
 * `state/audit/` who changed them, `state/tables/` what only grows, in pages. Each object is rows by their table. Keys are there as hashes only, the projects' pixel secrets and the instance's own keys as
 * they are.
 */
import { sql } from "drizzle-orm";
import type { Database } from "../schema.ts";
import { putCopy } from "./bucket.ts";

export const SETTINGS = "state/settings.json";

export const STATE = "state/";
const AUDIT = "state/audit/";

/** The tables of the settings. */
const SETTINGS_TABLES = [
  "projects",
  "keys",
  "segments",
  "shares",
  "schemas",
  "schema_versions",
  "instance_keys",
] as const;

const SUPPRESSIONS_A_PAGE = 5_000;
const RECEIPTS_A_PAGE = 1_000;
const range = (column: string, size: number) => ({
  page: sql.raw(`${column} / ${size} * ${size}`),
  rows: (page: string | number) => sql.raw(`${column} >= ${Number(page)} AND ${column} < ${Number(page) + size}`),
});

/** The tables that grow and grow: a page is written again when something has come to it, `since` it was last written. */
const PAGED = {
  exchange_rates: {
    columns: "*",
    where: sql`true`,
    page: sql`substr(rate_date, 1, 4)`,
    rows: (year: string | number) => sql`rate_date >= ${String(year)} AND rate_date < ${String(Number(year) + 1)}`,
    since: ({ rate }: Position) => sql`loaded_at >= ${rate}`,
  },
  // Who is not to be recorded again, told only by these keys. Not their order: others may have come after a loss.
  suppressions: {
    columns: "project_id, digest",
    where: sql`true`,
    ...range("n", SUPPRESSIONS_A_PAGE),
    since: ({ suppression }: Position) => sql`n > ${suppression}`,
  },
  // Receipts. One that runs still knows the names that it takes away.
  erasures: {
    columns: "*",
    where: sql`finished_at IS NOT NULL`,
    ...range("n", RECEIPTS_A_PAGE),
    since: ({ receipt }: Position) => sql`finished_at >= ${receipt}`,
  },
} as const;
/** All of them: in an older bucket the settings hold those that are in pages now. */
export const TABLE_NAMES = [...SETTINGS_TABLES, ...(Object.keys(PAGED) as (keyof typeof PAGED)[])];

/** How far each of what grows was when it was last written. */
type Position = { audit: number; rate: number; receipt: number; suppression: number };
const NOWHERE: Position = { audit: 0, rate: 0, receipt: 0, suppression: 0 };

/** Entries of the audit log in an object: only the last one is ever rewritten. */
const PAGE = 1_000;

const auditKey = (page: number) => `${AUDIT}${String(page * PAGE).padStart(12, "0")}.json`;
const OTHER_LOG = "The settings in the bucket are of another log, or of this one before it was lost: restore it first.";

/**
 * Writes what changed since it was last written: an act tells of itself in the audit log, a rate in its time of loading,
 * a receipt in the time when it was signed, a suppression in its number.
 */
export async function saveSettings(bucket: R2Bucket, db: Database, now: number): Promise<void> {
  const last = (await db.get(sql`SELECT
    ifnull((SELECT max(id) FROM audit), 0) AS audit, ifnull((SELECT max(loaded_at) FROM exchange_rates), 0) AS rate,
    ifnull((SELECT max(finished_at) FROM erasures), 0) AS receipt,
    ifnull((SELECT max(n) FROM suppressions), 0) AS suppression`)) as Position;
  const day = new Date(now).toISOString().slice(0, 10);
  const version = `${day} ${Object.values(last).join(" ")}`;
  await putCopy(bucket, SETTINGS, async (there) => {
    const saved = there?.customMetadata;
    if (saved?.version === version) return null;
    const archived = Number(saved?.audit ?? 0);
    if (last.audit < archived) throw new Error(OTHER_LOG);
    for (let page = Math.floor(archived / PAGE); page <= Math.floor(last.audit / PAGE); page++) {
      await saveAudit(bucket, db, page);
    }
    // Once a day also what nobody told of.
    const before =
      saved?.position === undefined || saved.day !== day ? NOWHERE : (JSON.parse(saved.position) as Position);
    for (const table of Object.keys(PAGED) as (keyof typeof PAGED)[]) await savePages(bucket, db, table, before);

    const tables = await Promise.all(
      SETTINGS_TABLES.map(async (table) => [table, await db.all(sql.raw(`SELECT * FROM ${table}`))] as const),
    );
    return {
      text: JSON.stringify(Object.fromEntries(tables)),
      customMetadata: { version, audit: String(last.audit), day, position: JSON.stringify(last) },
    };
  });
}

/** One page after another: no more than one is held. */
async function savePages(bucket: R2Bucket, db: Database, table: keyof typeof PAGED, before: Position): Promise<void> {
  const { columns, where, page, rows, since } = PAGED[table];
  const changed = await db.values<[string | number]>(sql`SELECT DISTINCT ${page} FROM ${sql.raw(table)}
    WHERE ${where} AND ${since(before)}`);
  for (const [which] of changed) {
    await putCopy(bucket, `${STATE}tables/${table}/${String(which).padStart(12, "0")}.json`, async () => {
      const kept = await db.all(
        sql`SELECT ${sql.raw(columns)} FROM ${sql.raw(table)} WHERE ${where} AND ${rows(which)}`,
      );
      return { text: JSON.stringify({ [table]: kept }) };
    });
  }
}

type Entries = { audit: Record<string, unknown>[] };

const entriesOf = async (db: Database, page: number): Promise<Entries> => ({
  audit: await db.all(sql`SELECT * FROM audit WHERE id >= ${page * PAGE} AND id < ${(page + 1) * PAGE} ORDER BY id`),
});

const saveAudit = (bucket: R2Bucket, db: Database, page: number): Promise<void> =>
  putCopy(bucket, auditKey(page), async () => {
    const entries = await entriesOf(db, page);
    return entries.audit.length > 0 ? { text: JSON.stringify(entries) } : null;
  });

/**
 * Makes a page of the audit log's copy what D1 has now. Who read older entries and has not put them yet finds the page
 * changed. False where there is no such page.
 */
export async function renewAudit(bucket: R2Bucket, db: Database, page: number): Promise<boolean> {
  const text = await (await bucket.get(auditKey(page)))?.text();
  const entries = await entriesOf(db, page);
  if (text === undefined && entries.audit.length === 0) return false;
  // A page with more entries is of a log that was lost, and is not restored yet: it must not be lost, too.
  const kept = text === undefined ? 0 : (JSON.parse(text) as Entries).audit.length;
  if (kept <= entries.audit.length && text !== JSON.stringify(entries)) await saveAudit(bucket, db, page);
  return true;
}
