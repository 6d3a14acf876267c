/** A database that counts the rows that D1 bills. */
import { env } from "cloudflare:workers";
import { type Database, databaseOf } from "../../worker/store/database.ts";

export function billed(): { database: Database; bill: { read: number; written: number } } {
  const bill = { read: 0, written: 0 };
  const DB = new Proxy(env.DB, {
    get: (real, name) => {
      const value = Reflect.get(real, name);
      if (name !== "batch") return typeof value === "function" ? value.bind(real) : value;
      return async (statements: D1PreparedStatement[]) => {
        const results = await real.batch(statements);
        for (const { meta } of results) {
          bill.read += meta.rows_read;
          bill.written += meta.rows_written;
        }
        return results;
      };
    },
  });
  return { database: databaseOf({ DB }), bill };
}
