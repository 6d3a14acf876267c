/**
 * A D1 file opened by the SQLite of Node, to load millions of events: the same statements on the same file, without a round
 * trip for each. Measurements use D1.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type Database, databaseOf } from "../worker/store/database.ts";

export type Loader = { db: Database; binding: D1Database; close(): void };

/** D1 binds every number as a REAL, and so does this. */
const bound = (value: unknown) =>
  typeof value === "boolean" ? Number(value) : value === undefined ? null : (value as SQLInputValue);

export function openLoader(file: string): Loader {
  const sqlite = new DatabaseSync(file);
  // Nothing is synced to disk, since a run that fails starts again; ten million events take 7 GB, and stay in memory.
  sqlite.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -7000000; PRAGMA temp_store = MEMORY`);
  const known = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  const statement = (text: string, values: unknown[] = []) => {
    const prepared = known.get(text) ?? sqlite.prepare(text);
    known.set(text, prepared);
    const rows = () => prepared.all(...values.map(bound)) as Record<string, unknown>[];
    const answer = () => ({ results: rows(), success: true, meta: {} });
    return {
      bind: (...given: unknown[]) => statement(text, given),
      all: async () => answer(),
      run: async () => answer(),
      raw: async () => rows().map((row) => Object.values(row)),
      first: async () => rows()[0] ?? null,
      answer,
    };
  };
  const binding = {
    prepare: (text: string) => statement(text),
    batch: async (statements: ReturnType<typeof statement>[]) => {
      sqlite.exec("BEGIN");
      try {
        const answers = statements.map((one) => one.answer());
        sqlite.exec("COMMIT");
        return answers;
      } catch (error) {
        sqlite.exec("ROLLBACK");
        throw error;
      }
    },
  };
  const database = binding as unknown as D1Database;
  return { db: databaseOf({ DB: database }), binding: database, close: () => sqlite.close() };
}
