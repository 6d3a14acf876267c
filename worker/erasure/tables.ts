/** Renames the person in the tables of people, one table after the other, a limited number of rows in each transaction. */
import { sql } from "drizzle-orm";
import { LOG_TABLES, type LogTable, PEOPLE_TABLES, type PeopleTable } from "../tables.ts";
import type { Piece, Work } from "./job.ts";
import type { Person } from "./names.ts";
import { overwrite, type Value } from "./overwrite.ts";
import { renamed, rowsOf } from "./people.ts";

const AT_ONCE = 1_000;

const list = (values: Iterable<string>) => sql`(SELECT value FROM json_each(${JSON.stringify([...values])}))`;

/** Days on which the person did something, under new or old names: from the log, and from the tables made from it. */
function daysOf(project_id: string, { persons }: Person) {
  const both = list([...persons.keys(), ...persons.values()]);
  return sql`SELECT event_date, event_type, app_id FROM player_days WHERE project_id = ${project_id} AND person IN ${both}
    UNION SELECT event_date, event_type, app_id FROM settled_days WHERE project_id = ${project_id} AND person IN ${both}
    UNION SELECT event_date, event_type, coalesce(app_id, '') FROM events
      WHERE project_id = ${project_id} AND actor IN ${both}`;
}

async function rename({ db, job, person }: Work, table: PeopleTable): Promise<Piece["changes"]> {
  const { key, names = [], texts = [], index }: LogTable = LOG_TABLES[table];
  const columns = [...names, ...texts];
  const rows = await db.all<Record<string, Value>>(sql`SELECT ${sql.raw([...new Set([...key, ...columns])].join(", "))}
    FROM ${sql.raw(table + (index ? ` INDEXED BY ${index}` : ""))} WHERE ${rowsOf(table, job.project_id, {
      persons: list(person.persons.keys()),
      players: list(person.players.keys()),
      visitors: list(person.visitors.keys()),
      days: daysOf(job.project_id, person),
    })} LIMIT ${AT_ONCE}`);
  if (rows.length === 0) return [];
  const become = (row: Record<string, Value>) => [
    ...names.map((column) => renamed(person, column, row[column] as string | null)),
    ...texts.map((column) => textOf(person, row, row[column] as string)),
  ];
  const change = overwrite(
    table,
    key,
    columns,
    rows.map((row) => ({ key: key.map((column) => row[column] ?? null), values: become(row) })),
  );
  return [{ change, found: table }];
}

/** Rows with the id of an event: the ids of the person's events were renamed more thoroughly than those of others. */
const textOf = ({ players, persons, words }: Person, { player_id, person }: Record<string, Value>, text: string) =>
  players.has(player_id as string) || persons.has(person as string) ? words.inOwnText(text) : words.inOthersText(text);

export async function peopleTables(work: Work): Promise<Piece> {
  const at = (work.job.place as number | null) ?? 0;
  const table = PEOPLE_TABLES[at];
  if (!table) return { changes: [], place: null };
  const changes = await rename(work, table);
  return { changes, place: changes.length > 0 ? at : at + 1 };
}
