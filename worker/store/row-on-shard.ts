/** Finds the shard of a row that names no project in its id. Ids are random, so no two shards have the same one. */
import { sql } from "drizzle-orm";
import { databaseOf } from "./database.ts";
import { everyShard } from "./shards.ts";

/**
 * The environment of the shard whose table has the row, or null where none has it. With one database nothing is read.
 * @throws where a shard does not answer and no other one has the row.
 */
export async function rowOnShard(env: Env, table: string, column: string, id: string): Promise<Env | null> {
  const shards = everyShard(env);
  const [main] = shards;
  if (shards.length === 1 && main) return main;
  const looks = await Promise.allSettled(
    shards.map((shard) =>
      databaseOf(shard).values(sql`SELECT 1 FROM ${sql.raw(table)} WHERE ${sql.raw(column)} = ${id}`),
    ),
  );
  const found = looks.findIndex((look) => look.status === "fulfilled" && look.value.length > 0);
  if (found >= 0) return shards[found] ?? null;
  for (const look of looks) if (look.status === "rejected") throw look.reason;
  return null;
}
