/**
 * The tables that are made from the log: retention removes old days from those with days, and an erasure renames people in
 * those with people. A test compares this list with the database, and names a table with a day or a person that is missing
 * here.
 */

/** The columns that can name somebody. */
export type NameColumn = "person" | "player_id" | "visitor_id";

export type LogTable = {
  /** The columns that identify a row. */
  key: readonly string[];
  /** The day of a row, in SQL; the last one of several. Rows before `retention.figures_days` are removed. */
  day?: string;
  /** The columns that name somebody: an erasure gives them new names. */
  names?: readonly NameColumn[];
  /** Columns that have the id of one of a person's events in them. */
  texts?: readonly string[];
  /** The index by which a person's rows are found, where SQLite would choose another. */
  index?: string;
};

/**
 * Kept reports come first, so that none is made from days that are being removed. Of the tables with people, `player_days`
 * comes last, because the rows of the others are found by it.
 */
export const LOG_TABLES = {
  aggregated_reports: { key: ["project_id", "report_type", "from_date"], day: "to_date" },
  identities: { key: ["project_id", "visitor_id", "seq"], names: ["visitor_id", "player_id"], texts: ["rank"] },
  players: { key: ["project_id", "person"], names: ["person", "player_id"] },
  settled_touches: { key: ["project_id", "person"], names: ["person"] },
  settled_players: { key: ["project_id", "person"], names: ["person", "player_id"] },
  leaderboards: {
    key: ["project_id", "app_id", "period", "starts_on", "player_id"],
    names: ["player_id"],
    texts: ["reached"],
  },
  activity: {
    key: [
      ...["project_id", "event_date", "event_type", "person", "event_hour", "banner_tag", "country", "device"],
      "app_id",
    ],
    day: "event_date",
    names: ["person"],
  },
  daily_metrics: { key: ["project_id", "event_date", "event_type"], day: "event_date" },
  event_summary: { key: ["project_id", "event_date", "event_type", "banner_tag"], day: "event_date" },
  money_summary: { key: ["project_id", "event_date", "event_type", "banner_tag", "currency"], day: "event_date" },
  event_outcomes: { key: ["project_id", "event_date", "outcome", "reason", "received_hour"], day: "event_date" },
  payments: {
    key: [
      ...["project_id", "event_date", "event_type", "person", "event_hour", "app_id", "platform", "banner_tag"],
      "currency",
    ],
    day: "event_date",
    names: ["person"],
    index: "payments_by_person",
  },
  lifetime_values: { key: ["project_id", "person"], names: ["person"] },
  conversions: { key: ["seq"], day: "event_date", names: ["person"], texts: ["event_id"] },
  player_days: {
    key: ["project_id", "person", "event_date", "event_type", "app_id", "banner_tag"],
    day: "event_date",
    names: ["person"],
  },
  settled_days: {
    key: ["project_id", "person", "event_date", "event_type", "app_id", "banner_tag"],
    day: "event_date",
    names: ["person"],
  },
  returns: { key: ["project_id", "banner_tag", "event_date", "previous_date"], day: "event_date" },
  retention: { key: ["project_id", "cohort_date", "banner_tag", "day"], day: "cohort_date" },
  depositors: {
    key: [
      ...["project_id", "event_date", "banner_tag", "previous_date", "first_date", "is_first"],
      "registration_date",
    ],
    day: "event_date",
  },
  funnel: { key: ["project_id", "anchor", "event_date", "step", "banner_tag", "elapsed"], day: "event_date" },
  days: { key: ["project_id", "scope", "date"], day: "date(date * 86400, 'unixepoch')" },
} as const satisfies Record<string, LogTable>;
type Tables = typeof LOG_TABLES;
type With<Property extends keyof LogTable> = {
  [Name in keyof Tables]: Tables[Name] extends Record<Property, unknown> ? Name : never;
}[keyof Tables];

export type DatedTable = With<"day">;
export type PeopleTable = With<"names">;

const tablesWith = <Property extends keyof LogTable>(property: Property) =>
  Object.keys(LOG_TABLES).filter((name) => property in LOG_TABLES[name as keyof Tables]) as With<Property>[];

/** The tables with figures by day, in the order in which old days are removed. */
export const DATED_TABLES: readonly DatedTable[] = tablesWith("day");
/** The tables that name people, in the order in which an erasure renames them. */
export const PEOPLE_TABLES: readonly PeopleTable[] = tablesWith("names");

/** The columns of a key after the project. */
export const keyWithin = (table: keyof Tables): string[] =>
  LOG_TABLES[table].key.filter((column) => column !== "project_id");
