/** The way to the database. Statements are SQL by drizzle's `sql`; a transaction is a list of them, which D1 calls a batch. */
import { SQL } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";
import { MAIN, mainOf, shardOf } from "./shards.ts";

/** `shard` is its name, and `main` the database of what all shards have in common: see shards.ts. */
export type Database = DrizzleD1Database & { $client: D1Database; shard: string; main: Database };

/** The database of an environment: the only way to it. */
export function databaseOf(given: Pick<Env, "DB">): Database {
  const env = given as Env;
  const db = Object.assign(drizzle(env.DB), { shard: shardOf(env) }) as Database;
  db.main = db.shard === MAIN ? db : mainDatabaseOf(env);
  return db;
}

export const mainDatabaseOf = (env: Env): Database => databaseOf(mainOf(env));

const dialect = new SQLiteAsyncDialect();

export function prepared(db: Database, statement: SQL): D1PreparedStatement {
  const { sql: text, params } = dialect.sqlToQuery(statement);
  return db.$client.prepare(text).bind(...params);
}

/** Runs statements in one transaction, in their order, and returns the result of each. */
export async function transact(db: Database, statements: readonly (SQL | D1PreparedStatement)[]): Promise<D1Result[]> {
  return db.$client.batch(
    statements.map((statement) => (statement instanceof SQL ? prepared(db, statement) : statement)),
  );
}
