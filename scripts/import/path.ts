/** Finds values by name: a column or key, or a value inside of it after a dot, such as `Event Value.af_order_id`. */

export type Pairs = ReadonlyMap<string, unknown>;

const opened = (value: unknown): unknown => {
  if (typeof value !== "string" || !/^\s*[{[]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};

/** A column with the whole name comes first. A cell may contain JSON; items of a list are numbered from 0. */
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

/** The column in which a path begins; undefined where there is none. */
export const columnOf = (columns: ReadonlySet<string>, path: string): string | undefined =>
  [...columns].find((column) => path === column || path.startsWith(`${column}.`));
