/** The value that a name leads to: a column or key, or one inside it, behind dots: `Event Value.af_order_id`. */

export type Pairs = ReadonlyMap<string, unknown>;

const opened = (value: unknown): unknown => {
  if (typeof value !== "string" || !/^\s*[{[]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};

/** A column of that very name comes first; a cell may hold JSON; of a list, numbers from 0 lead on. */
export function valueAt(record: Pairs, path: string): unknown {
  if (record.has(path)) return record.get(path);
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const column = path.slice(0, dot);
    if (!record.has(column)) continue;
    let value: unknown = record.get(column);
    for (const key of path.slice(dot + 1).split(".")) {
      const inside = opened(value);
      value = typeof inside === "object" && inside !== null ? (inside as Record<string, unknown>)[key] : undefined;
    }
    return value;
  }
  return undefined;
}

/** The column that a path begins in, of those that there are. */
export const columnOf = (columns: ReadonlySet<string>, path: string): string | undefined =>
  [...columns].find((column) => path === column || path.startsWith(`${column}.`));
