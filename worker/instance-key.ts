/** The secrets of the instance, of which all shards have the same. They are made on first use: if two are made at once, the first one is used. */
import { sql } from "drizzle-orm";
import type { Database } from "./store/database.ts";

/**
 * `digests` keys digests of ids; `receipts` is the private key, a JWK, that signs receipts; `unsubscribing` signs links by which
 * readers end a report.
 */
export type KeyName = "digests" | "receipts" | "unsubscribing";

const known = new Map<KeyName, string>();

export async function instanceKey(
  { main: db }: Database,
  name: KeyName,
  make: () => string | Promise<string>,
): Promise<string> {
  const cached = known.get(name);
  if (cached !== undefined) return cached;
  const read = () => db.get<{ secret: string }>(sql`SELECT secret FROM instance_keys WHERE name = ${name}`);
  let found = await read();
  if (!found) {
    await db.run(sql`INSERT OR IGNORE INTO instance_keys (name, secret) VALUES (${name}, ${await make()})`);
    found = await read();
  }
  if (!found) throw new Error(`The key ${name} was not kept.`);
  known.set(name, found.secret);
  return found.secret;
}
