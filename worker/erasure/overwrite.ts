/** Overwrites any number of rows by one statement with one parameter. */
import { type SQL, sql } from "drizzle-orm";

export type Value = string | number | null;
/** The key of a row, and the new values of its columns. */
export type Rewrite = { key: Value[]; values: Value[] };

export function overwrite(
  table: string,
  key: readonly string[],
  columns: readonly string[],
  rows: readonly Rewrite[],
): SQL {
  const json = JSON.stringify(rows.map((row) => [...row.key, ...row.values]));
  const names = [...key.map((_, index) => `k${index}`), ...columns.map((_, index) => `v${index}`)];
  const given = names.map((name, index) => `value ->> ${index} AS ${name}`).join(", ");
  const set = columns.map((column, index) => `${column} = n.v${index}`).join(", ");
  const same = key.map((column, index) => `${table}.${column} = n.k${index}`).join(" AND ");
  return sql`UPDATE ${sql.raw(table)} SET ${sql.raw(set)}
    FROM (SELECT ${sql.raw(given)} FROM json_each(${json})) n WHERE ${sql.raw(same)}`;
}
