/**
 * The tables that hold people's names beside the log: projections, which are not counted again but take the new names. Every
 * table with a column called `person`, `player_id` or `visitor_id` is here or handled by a step of its own; a test says so.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Store } from "./job.ts";
import type { Person } from "./names.ts";

type NameColumn = "person" | "player_id" | "visitor_id";

export type PeopleTable = {
  table: Store;
  /** Its primary key. */
  key: readonly string[];
  /** The columns that name someone. */
  names: readonly NameColumn[];
  /** Columns with the id of one of the person's events in them. */
  texts?: readonly string[];
  /** The index by which they are found, where SQLite would choose another. */
  index?: string;
  /** The person's rows; `days` are those on which they did something. */
  of(project_id: string, who: { persons: SQL; players: SQL; visitors: SQL; days: SQL }): SQL;
};

/** Those who stand first in the key, or have an index of their own. */
const byPerson = (project_id: string, { persons }: { persons: SQL }) =>
  sql`project_id = ${project_id} AND person IN ${persons}`;

export const PEOPLE: readonly PeopleTable[] = [
  {
    table: "identities",
    key: ["project_id", "visitor_id", "seq"],
    names: ["visitor_id", "player_id"],
    texts: ["rank"],
    // Whoever was linked to the player is among the visitors.
    of: (project_id, { visitors }) => sql`project_id = ${project_id} AND visitor_id IN ${visitors}`,
  },
  { table: "players", key: ["project_id", "person"], names: ["person", "player_id"], of: byPerson },
  { table: "settled_touches", key: ["project_id", "person"], names: ["person"], of: byPerson },
  { table: "settled_players", key: ["project_id", "person"], names: ["person", "player_id"], of: byPerson },
  {
    // Read whole, as it outlives what the player's apps and days are known from.
    table: "leaderboards",
    key: ["project_id", "app_id", "period", "starts_on", "player_id"],
    names: ["player_id"],
    texts: ["reached"],
    of: (project_id, { players }) => sql`project_id = ${project_id} AND player_id IN ${players}`,
  },
  {
    table: "activity",
    key: [
      "project_id",
      "event_date",
      "event_type",
      "person",
      "event_hour",
      "banner_tag",
      "country",
      "device",
      "app_id",
    ],
    names: ["person"],
    of: (project_id, { persons, days }) =>
      sql`project_id = ${project_id} AND (event_date, event_type) IN (SELECT event_date, event_type FROM (${days}))
        AND person IN ${persons}`,
  },
  {
    table: "payments",
    index: "payments_by_person",
    key: [
      "project_id",
      "event_date",
      "event_type",
      "person",
      "event_hour",
      "app_id",
      "platform",
      "banner_tag",
      "currency",
    ],
    names: ["person"],
    of: byPerson,
  },
  { table: "conversions", key: ["seq"], names: ["person"], texts: ["event_id"], of: byPerson },
  // The last one: the others find their days by it.
  {
    table: "player_days",
    key: ["project_id", "person", "event_date", "event_type", "app_id", "banner_tag"],
    names: ["person"],
    of: byPerson,
  },
];

/** The name that stands for one in a column of names; itself where it is somebody else's. */
export function renamed({ players, visitors, persons }: Person, column: NameColumn, name: string | null) {
  const names = column === "person" ? persons : column === "player_id" ? players : visitors;
  return name === null ? null : (names.get(name) ?? name);
}
