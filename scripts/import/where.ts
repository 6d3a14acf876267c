/** Which lines of a file are imported: `--where Status=sale`, or `--where Status!=rejected`. */
import { numberAsSent } from "../../worker/exact-json.ts";
import { type Pairs, valueAt } from "./path.ts";

/** The column must have one value of `any`, if it has any, and none of `none`. `optional`: only in lines that have the column. */
type Rule = { any: string[]; none: string[]; optional: boolean };
/** Rules by column; a line must meet all of them. */
export type Where = ReadonlyMap<string, Rule>;

export function whereOf(given: readonly string[], optional = false): Where {
  const where = new Map<string, Rule>();
  for (const one of given) {
    const [, column, not, value = ""] = /^([^=]+?)(!?)=(.*)$/s.exec(one) ?? [];
    if (column === undefined) throw new Error(`--where ${one}: write COLUMN=value or COLUMN!=value`);
    const rule = where.get(column) ?? { any: [], none: [], optional };
    rule[not ? "none" : "any"].push(value.trim());
    where.set(column, rule);
  }
  return where;
}

/** The first column whose rule the line breaks; null where the line is imported. */
export function failing(where: Where, record: Pairs): string | null {
  for (const [column, { any, none, optional }] of where) {
    const found = valueAt(record, column);
    if (optional && found === undefined) continue;
    const value = (numberAsSent(found) ?? String(found ?? "")).trim();
    if ((any.length > 0 && !any.includes(value)) || none.includes(value)) return column;
  }
  return null;
}
