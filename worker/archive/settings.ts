/**
 * What figures depend on beside the events, in the bucket: a restore needs it. `state/settings.json` holds the settings,
 * `state/audit/` who changed them. Keys are there as hashes only, the projects' pixel secrets and the instance's own keys as
 * they are.
 */
import { sql } from "drizzle-orm";
import type { Database } from "../schema.ts";

export const SETTINGS = "state/settings.json";

export const AUDIT = "state/audit/";

/** The tables, and which of their rows. */
export const TABLES = {
  projects: "true",
  keys: "true",
  segments: "true",
  shares: "true",
  schemas: "true",
  schema_versions: "true",
  exchange_rates: "true",
  // Who is not to be recorded again, told only by these keys.
  suppressions: "true",
  instance_keys: "true",
  // Receipts. One that runs still knows the names that it takes away.
  erasures: "finished_at IS NOT NULL",
} as const;
export const TABLE_NAMES = Object.keys(TABLES) as (keyof typeof TABLES)[];
/** Entries of the audit log in an object: only the last one is ever rewritten. */
const PAGE = 1_000;

const auditKey = (page: number) => `${AUDIT}${String(page * PAGE).padStart(12, "0")}.json`;
const JSON_TYPE = { httpMetadata: { contentType: "application/json" } };

/**
 * Writes what changed since it was last written: an act tells of itself in the audit log, a rate in its time of loading,
 * a receipt in the time when it was signed.
 */
export async function saveSettings(bucket: R2Bucket, db: Database, now: number): Promise<void> {
  const last = await db.get<{ audit: number; rate: number; receipt: number }>(sql`SELECT
    ifnull((SELECT max(id) FROM audit), 0) AS audit, ifnull((SELECT max(loaded_at) FROM exchange_rates), 0) AS rate,
    ifnull((SELECT max(finished_at) FROM erasures), 0) AS receipt`);
  // Once a day also what nobody told of.
  const version = `${new Date(now).toISOString().slice(0, 10)} ${last?.audit} ${last?.rate} ${last?.receipt}`;
  const saved = (await bucket.head(SETTINGS))?.customMetadata;
  if (saved?.version === version) return;

  const audit = last?.audit ?? 0;
  if (audit < Number(saved?.audit ?? 0))
    throw new Error(
      "The settings in the bucket are of another log, or of this one before it was lost: restore it first.",
    );
  for (let page = Math.floor(Number(saved?.audit ?? 0) / PAGE); page <= Math.floor(audit / PAGE); page++) {
    await saveAudit(bucket, db, page);
  }
  const tables = await Promise.all(
    TABLE_NAMES.map(
      async (table) => [table, await db.all(sql.raw(`SELECT * FROM ${table} WHERE ${TABLES[table]}`))] as const,
    ),
  );
  await bucket.put(SETTINGS, JSON.stringify(Object.fromEntries(tables)), {
    ...JSON_TYPE,
    customMetadata: { version, audit: String(audit) },
  });
}

async function saveAudit(bucket: R2Bucket, db: Database, page: number): Promise<void> {
  const entries = await db.all(sql`SELECT * FROM audit WHERE id >= ${page * PAGE} AND id < ${(page + 1) * PAGE}`);
  if (entries.length > 0) await bucket.put(auditKey(page), JSON.stringify({ audit: entries }), JSON_TYPE);
}

/** Writes a page of the audit log again where its text fits. False where there is no such page. */
export async function renewAudit(bucket: R2Bucket, db: Database, page: number, where: RegExp): Promise<boolean> {
  const text = await (await bucket.get(auditKey(page)))?.text();
  if (text !== undefined && where.test(text)) await saveAudit(bucket, db, page);
  return text !== undefined;
}
