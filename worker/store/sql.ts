/** Parts of SQL that many statements have. */
import { type SQL, sql } from "drizzle-orm";

/** `IN (…)` any number of values, as one parameter: D1 takes 100 of them. */
export const among = (values: Iterable<string | number | null>): SQL =>
  sql`IN (SELECT value FROM json_each(${JSON.stringify([...values])}))`;

/** Words of the code as SQL has them: `'deposit', 'purchase'`. */
export const words = (list: readonly string[]): SQL => sql.raw(list.map((word) => `'${word}'`).join(", "));
