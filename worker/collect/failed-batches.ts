/**
 * Batches too large for one send to the queue. Sent in parts, one can fail when some of its events are in the queue
 * already. Its sender gets an error and sends it again; events that came without an id must then get the ids of the failed
 * attempt. So a failed attempt writes a note with a digest of the batch's content, and the next attempt with the same
 * content removes the note. Only a failure writes one, so equal batches of several senders are different batches.
 *
 * While the database is away the note cannot be read, so such a batch is refused before any part of it is sent: with new
 * ids it would count twice after a failed attempt, or after a failure that could not be noted.
 */
import { sql } from "drizzle-orm";
import { type Database, transact } from "../store/database.ts";

/** How long after a failure a batch with the same content counts as the same batch. */
const RETRY_WITHIN_MS = 10 * 60_000;

/** The beginning of a failed attempt's ids, for the first retry; null where there was no such attempt. */
export async function takeFailedBatch(db: Database, hash: string, now: number): Promise<string | null> {
  const [taken] = await db.values<[string]>(sql`DELETE FROM failed_batches WHERE (hash, seed) IN (
      SELECT hash, seed FROM failed_batches WHERE hash = ${hash} AND failed_at > ${now - RETRY_WITHIN_MS} LIMIT 1)
    RETURNING seed`);
  return taken?.[0] ?? null;
}

/** Also removes records that are too old for a retry. */
export async function recordFailedBatch(db: Database, hash: string, seed: string, now: number): Promise<void> {
  await transact(db, [
    sql`DELETE FROM failed_batches WHERE failed_at <= ${now - RETRY_WITHIN_MS}`,
    sql`INSERT OR REPLACE INTO failed_batches (hash, seed, failed_at) VALUES (${hash}, ${seed}, CAST(${now} AS INTEGER))`,
  ]);
}
