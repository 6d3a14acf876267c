/** The list of tables that are derived from the log, against the database that the migrations make. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { LOG_TABLES, type LogTable } from "../../worker/tables.ts";

type Found = { columns: string[]; unique: string[][] };
const found = new Map<string, Found>();

async function rowsOf<Row>(statement: string): Promise<Row[]> {
  return (await env.DB.prepare(statement).all<Row>()).results;
}

beforeAll(async () => {
  const tables = await rowsOf<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  );
  for (const { name } of tables) {
    const columns = await rowsOf<{ name: string; pk: number }>(`SELECT name, pk FROM pragma_table_xinfo('${name}')`);
    const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
    const indexes = await rowsOf<{ columns: string }>(`SELECT group_concat(c.name) AS columns
      FROM pragma_index_list('${name}') i, pragma_index_info(i.name) c WHERE i."unique" = 1 GROUP BY i.name`);
    found.set(name, {
      columns: columns.map((column) => column.name),
      unique: [key.map((column) => column.name), ...indexes.map((index) => index.columns.split(","))],
    });
  }
});

const listed = Object.entries<LogTable>(LOG_TABLES);
/** Tables with such a column that need not be listed, each with the reason. */
const forgotten = (column: RegExp, others: Record<string, string>) =>
  [...found].flatMap(([table, { columns }]) =>
    columns.some((name) => column.test(name)) && !(table in LOG_TABLES) && !(table in others) ? [table] : [],
  );

describe("tables that are derived from the log", () => {
  it.each(listed)("%s has the key and the columns that are listed", (table, { key, names = [], texts = [] }) => {
    const { unique = [], columns = [] } = found.get(table) ?? {};
    expect(unique.map((columns) => [...columns].sort())).toContainEqual([...key].sort());
    expect([...names, ...texts].filter((column) => !columns.includes(column))).toEqual([]);
  });

  it("are all listed if they have days, so that old ones are removed", () => {
    const day = /^(?:event|cohort|to)_date$|^date$/;
    const others = {
      events: "the log, which retention.events_days is about",
      changes: "when a day's figures last changed: kept reports and exports ask it for days that went, too",
      figures_from: "a row for a project",
      annotations: "what a team noted, which it removes by itself",
    };
    expect(forgotten(day, others)).toEqual([]);
    const undated = listed.filter(
      ([table, { day: of }]) => !of && found.get(table)?.columns.some((name) => day.test(name)),
    );
    expect(undated).toEqual([]);
  });

  it("are all listed if they name people, with each such column, so that an erasure renames them", () => {
    const person = /^(?:person|player_id|visitor_id)$/;
    const itself = [
      "events",
      "postbacks",
      "postback_tries",
      "received_postbacks",
      "people",
      "people_past",
      "visitor_pages",
    ];
    const others = Object.fromEntries(itself.map((table) => [table, "the erasure has a step of its own for it"]));
    expect(forgotten(person, others)).toEqual([]);
    const unnamed = listed.flatMap(([table, { names = [] }]) =>
      (found.get(table)?.columns ?? [])
        .filter((column) => person.test(column) && !names.some((name) => name === column))
        .map((column) => `${table}.${column}`),
    );
    expect(unnamed).toEqual([]);
  });
});
