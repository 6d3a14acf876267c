/**
 * What figures depend on besides the events, copied to the bucket: a restore needs it. `state/settings.json` holds the settings,
 * `state/audit/` who changed them, `state/tables/` what only grows, in pages. Each object is rows by their table. Keys are there as hashes only, the projects' pixel secrets, those of postback targets, sources and channels, and the
 * instance's own keys as they are.
 */

import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import { utcDate } from "../time.ts";
import { putCopy } from "./bucket.ts";

export const SETTINGS = "state/settings.json";

export const STATE = "state/";
const AUDIT = "state/audit/";

/** The tables of the settings. */
const SETTINGS_TABLES = [
  "projects",
  "placements",
  "keys",
  "segments",
  "shares",
  "annotations",
  "schemas",
  "schema_versions",
  "instance_keys",
  "postback_targets",
  "postback_sources",
  "channels",
  "alerts",
  "scheduled_reports",
  "payout_rules",
  "click_rules",
  "bot_reviews",
] as const;

const SUPPRESSIONS_A_PAGE = 5_000;
const RECEIPTS_A_PAGE = 1_000;
/** Pages of rows by the numbers of their events in the log. */
const CHANGES_A_PAGE = 10_000;
const range = (column: string, size: number) => ({
  page: sql.raw(`${column} / ${size} * ${size}`),
  rows: (page: string | number) => sql.raw(`${column} >= ${Number(page)} AND ${column} < ${Number(page) + size}`),
});

type Paged = {
  columns: string;
  where: SQL;
  /** The page of a row, and the rows of a page. */
  page: SQL;
  rows(page: string | number): SQL;
  /** The rows that were added between two positions. */
  between(since: Position, until: Position): SQL;
};

/** The tables that only grow: a page is written again when rows were added to it since it was last written. */
const PAGED = {
  exchange_rates: {
    columns: "*",
    where: sql`true`,
    page: sql`substr(rate_date, 1, 4)`,
    rows: (year) => sql`rate_date >= ${String(year)} AND rate_date < ${String(Number(year) + 1)}`,
    between: (since, until) => sql`loaded_at BETWEEN ${since.rate} AND ${until.rate}`,
  },
  // People who must not be recorded again, known only by these digests. Their numbers are left out: others may have been
  // given after a loss.
  suppressions: {
    columns: "project_id, digest",
    where: sql`true`,
    ...range("n", SUPPRESSIONS_A_PAGE),
    between: (since, until) => sql`n > ${since.suppression} AND n <= ${until.suppression}`,
  },
  // Decisions about conversions, which are not in the log.
  conversion_changes: {
    columns: "*",
    where: sql`true`,
    ...range("seq", CHANGES_A_PAGE),
    between: (since, until) => sql`at BETWEEN ${since.change ?? 0} AND ${until.change ?? 0}`,
  },
  // Closed statements, whose contents are not in the log.
  closed_statements: {
    columns: "*",
    where: sql`true`,
    page: sql`month`,
    rows: (month) => sql`month = ${String(month)}`,
    between: (since, until) => sql`closed_at BETWEEN ${since.closing ?? 0} AND ${until.closing ?? 0}`,
  },
  statement_lines: {
    columns: "*",
    where: sql`true`,
    page: sql`month`,
    rows: (month) => sql`month = ${String(month)}`,
    between: (since, until) => sql`closed_at BETWEEN ${since.closing ?? 0} AND ${until.closing ?? 0}`,
  },
  // Receipts of erasures. The row of a running erasure still has the names that it removes.
  erasures: {
    columns: "*",
    where: sql`finished_at IS NOT NULL`,
    ...range("n", RECEIPTS_A_PAGE),
    between: (since, until) => sql`finished_at BETWEEN ${since.receipt} AND ${until.receipt}`,
  },
} as const satisfies Record<string, Paged>;
/** All of these tables: in an older bucket the settings contain those that are in pages now. */
export const TABLE_NAMES = [...SETTINGS_TABLES, ...(Object.keys(PAGED) as (keyof typeof PAGED)[])];

/** For each growing table, the last position that was written. */
type Position = { audit: number; rate: number; receipt: number; suppression: number; change: number; closing: number };
const NOWHERE: Position = { audit: 0, rate: 0, receipt: 0, suppression: 0, change: 0, closing: 0 };

/** A page of a growing table, the audit log included. */
type Page = { table: "audit" | keyof typeof PAGED; from: string | number };

/** When the calls are used up, the next call continues after the page that was `written` last, in the order of keys. */
type Pass = { day: string; since: Position; until: Position; written: string };

const keyOf = ({ table, from }: Page): string => {
  const name = String(from).padStart(12, "0");
  return table === "audit" ? `${AUDIT}${name}.json` : `${STATE}tables/${table}/${name}.json`;
};

/** Calls of a page: reading the present object, reading rows, writing. */
export const PAGE_CALLS = 3;
/** Calls of everything else: reading positions and which pages are due, reading the tables of the settings, and writing them. */
export const SETTINGS_CALLS = 2 + Object.keys(PAGED).length + SETTINGS_TABLES.length + 1;

/** Entries of the audit log in an object: only the last one is ever rewritten. */
const PAGE = 1_000;

const auditKey = (page: number) => keyOf({ table: "audit", from: page * PAGE });
const OTHER_LOG = "The settings in the bucket are of another log, or of this one before it was lost: restore it first.";

const positionOf = async (db: Database): Promise<Position> =>
  (await db.get(sql`SELECT
    ifnull((SELECT max(id) FROM audit), 0) AS audit, ifnull((SELECT max(loaded_at) FROM exchange_rates), 0) AS rate,
    ifnull((SELECT max(finished_at) FROM erasures), 0) AS receipt,
    ifnull((SELECT max(n) FROM suppressions), 0) AS suppression,
    ifnull((SELECT max(at) FROM conversion_changes), 0) AS change,
    ifnull((SELECT max(closed_at) FROM closed_statements), 0) AS closing`)) as Position;

/**
 * Writes what changed since it was last written. Changes are found by the audit log for administrative acts, by the time of
 * loading for rates, by the time of signing for receipts, and by the number for suppressions. `hasRoom` says whether there
 * are calls for another page and for the settings after it. Returns whether everything was written.
 */
export async function saveSettings(
  bucket: R2Bucket,
  db: Database,
  now: number,
  hasRoom: () => boolean = () => true,
): Promise<boolean> {
  const last = await positionOf(db);
  const day = utcDate(now);
  let finished = true;
  await putCopy(bucket, SETTINGS, async (there) => {
    const saved = there?.customMetadata;
    const pass = passOf(saved, last, day);
    if (pass === null) return null;
    const pages = await pagesOf(db, pass);
    for (const page of pages) {
      finished = hasRoom();
      if (!finished) break;
      await savePage(bucket, db, page);
      pass.written = keyOf(page);
    }
    const tables = await Promise.all(
      SETTINGS_TABLES.map(async (table) => [table, await db.all(sql.raw(`SELECT * FROM ${table}`))] as const),
    );
    return {
      text: JSON.stringify(Object.fromEntries(tables)),
      customMetadata: finished
        ? { version: versionOf(pass), audit: String(pass.until.audit), day, position: JSON.stringify(pass.until) }
        : { ...saved, version: "", pass: JSON.stringify(pass) },
    };
  });
  return finished;
}

const versionOf = ({ day, until }: Pick<Pass, "day" | "until">) => `${day} ${Object.values(until).join(" ")}`;

/** The present pass, or a new one; null where nothing has changed. */
function passOf(saved: Record<string, string> | undefined, last: Position, day: string): Pass | null {
  if (saved?.version === versionOf({ day, until: last })) return null;
  const archived = Number(saved?.audit ?? 0);
  if (last.audit < archived) throw new Error(OTHER_LOG);
  const begun = saved?.pass === undefined ? null : (JSON.parse(saved.pass) as Pass);
  if (begun?.day === day) return begun;
  // Once a day everything, also without a reported change.
  const since = saved?.position === undefined || saved.day !== day ? NOWHERE : (JSON.parse(saved.position) as Position);
  return { day, since: { ...since, audit: archived }, until: last, written: "" };
}

/** The pages that are left of those that were due when the pass began. Later changes are due in the next pass. */
async function pagesOf(db: Database, { since, until, written }: Pass): Promise<Page[]> {
  const pages: Page[] = [];
  for (let page = Math.floor(since.audit / PAGE); page <= Math.floor(until.audit / PAGE); page++)
    pages.push({ table: "audit", from: page * PAGE });
  for (const [table, { where, page, between }] of Object.entries(PAGED) as [keyof typeof PAGED, Paged][]) {
    const due = await db.values<[string | number]>(sql`SELECT DISTINCT ${page} FROM ${sql.raw(table)}
      WHERE ${where} AND ${between(since, until)}`);
    pages.push(...due.map(([from]): Page => ({ table, from })));
  }
  return pages.filter((page) => keyOf(page) > written).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Only one page is in memory at a time. */
async function savePage(bucket: R2Bucket, db: Database, page: Page): Promise<void> {
  const { table, from } = page;
  if (table === "audit") return saveAudit(bucket, db, Number(from) / PAGE);
  const { columns, where, rows } = PAGED[table];
  await putCopy(bucket, keyOf(page), async () => {
    const kept = await db.all(sql`SELECT ${sql.raw(columns)} FROM ${sql.raw(table)} WHERE ${where} AND ${rows(from)}`);
    return { text: JSON.stringify({ [table]: kept }) };
  });
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
 * Writes a page of the audit log's copy again from D1. Another writer that has read older entries and not put them yet
 * finds the page changed. False where there is no such page.
 */
export async function renewAudit(bucket: R2Bucket, db: Database, page: number): Promise<boolean> {
  const text = await (await bucket.get(auditKey(page)))?.text();
  const entries = await entriesOf(db, page);
  if (text === undefined && entries.audit.length === 0) return false;
  // A page with more entries than D1 is of an audit log that was lost and not restored yet, so it must not be overwritten.
  const kept = text === undefined ? 0 : (JSON.parse(text) as Entries).audit.length;
  if (kept <= entries.audit.length && text !== JSON.stringify(entries)) await saveAudit(bucket, db, page);
  return true;
}

type Note = { annotation_id: string };

/**
 * Writes the notes in the copy of the settings again from D1. A note that D1 does not have stays: either it was removed,
 * and the next copy lacks it, or it is of a database that was lost.
 */
export async function renewNotes(bucket: R2Bucket, db: Database): Promise<void> {
  await putCopy(bucket, SETTINGS, async (there) => {
    const text = there && (await (await bucket.get(SETTINGS))?.text());
    if (!text) return null;
    const saved = JSON.parse(text) as { annotations?: Note[] };
    const now = new Map((await db.all<Note>(sql`SELECT * FROM annotations`)).map((note) => [note.annotation_id, note]));
    const annotations = (saved.annotations ?? []).map((note) => now.get(note.annotation_id) ?? note);
    const renewed = JSON.stringify({ ...saved, annotations });
    return renewed === text
      ? null
      : { text: renewed, ...(there?.customMetadata && { customMetadata: there.customMetadata }) };
  });
}
