/**
 * How a person's rows are found in the tables that name people: projections, which are not counted again but take the new
 * names. `PEOPLE_TABLES` lists them; a table that is neither there nor handled by a step of its own is named by a test.
 */
import { type SQL, sql } from "drizzle-orm";
import type { NameColumn, PeopleTable } from "../tables.ts";
import type { Person } from "./names.ts";

/** Lists of names, in SQL; `days` are those on which the person did something. */
type Who = { persons: SQL; players: SQL; visitors: SQL; days: SQL };

/** The tables whose rows are found by another column than `person`, or by several. */
const FINDERS: Partial<Record<PeopleTable, (who: Who) => SQL>> = {
  // Each visitor who was linked to the player is among `visitors`.
  identities: ({ visitors }) => sql`visitor_id IN ${visitors}`,
  // All boards are read, as they stay longer than the rows that have the player's apps and days.
  leaderboards: ({ players }) => sql`player_id IN ${players}`,
  activity: ({ persons, days }) =>
    sql`(event_date, event_type) IN (SELECT event_date, event_type FROM (${days})) AND person IN ${persons}`,
};

export const rowsOf = (table: PeopleTable, project_id: string, who: Who): SQL =>
  sql`project_id = ${project_id} AND ${FINDERS[table]?.(who) ?? sql`person IN ${who.persons}`}`;

/** The pseudonym of a name; another person's name stays. */
export function renamed({ players, visitors, persons }: Person, column: NameColumn, name: string | null) {
  const names = column === "person" ? persons : column === "player_id" ? players : visitors;
  return name === null ? null : (names.get(name) ?? name);
}
