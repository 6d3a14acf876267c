/**
 * Batches too large for one send to the queue. Sent in parts, they can be half sent; a retry must then give the events
 * that came without an id the same ids again. So such a batch is noted by its content before its first part is sent,
 * and the note is removed after its last: the same content sent again later is new events.
 */
import { eq } from "drizzle-orm";
import { type Database, unfinishedBatches } from "../schema.ts";

/** Returns the seed of the batch's ids: an earlier, unfinished attempt's, or the one offered. */
export async function begin(db: Database, hash: string, seed: string, now: number): Promise<string> {
  await db.insert(unfinishedBatches).values({ hash, seed, created_at: now }).onConflictDoNothing();
  const [noted] = await db.select().from(unfinishedBatches).where(eq(unfinishedBatches.hash, hash));
  return noted?.seed ?? seed;
}

export async function finish(db: Database, hash: string): Promise<void> {
  await db.delete(unfinishedBatches).where(eq(unfinishedBatches.hash, hash));
}
