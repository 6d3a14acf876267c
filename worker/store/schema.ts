/**
 * Tables that are queried by name; the others are in the SQL that reads them. The migrations make them all.
 * Columns that SQLite computes (VIRTUAL) are `generatedAlwaysAs`, so that nothing writes them.
 */
import { sql } from "drizzle-orm";
import { integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const projects = sqliteTable("projects", {
  project_id: text().primaryKey(),
  name: text().notNull(),
  timezone: text().notNull(),
  currency: text().notNull(),
  attribution_days: integer().notNull(),
  respect_privacy_signals: integer({ mode: "boolean" }).notNull(),
  created_at: integer().notNull(),
  allowed_origins: text({ mode: "json" }).$type<string[]>().notNull(),
  require_signature: integer({ mode: "boolean" }).notNull(),
  pixel_secret: text().notNull(),
  bot_rules: text({ mode: "json" }).$type<BotRules>().notNull(),
  retention: text({ mode: "json" }).$type<Retention>().notNull(),
  /** Days before this date are settled: their figures stay, their events may have gone. `''` is none. */
  settled_before: text().notNull(),
  /** What NGR leaves out of net amounts; null: there is no NGR. */
  ngr_deduction_percent: real(),
});

/** For how many days each class is kept; for ever where it is absent. */
export type Retention = {
  /** Events in the log. */
  events_days?: number | undefined;
  /** Events in the archive, and those with an amount there. */
  archive_days?: number | undefined;
  purchases_days?: number | undefined;
  /** Figures by day. */
  figures_days?: number | undefined;
};

/** A project's own rules about bots, in addition to the general ones. */
export type BotRules = {
  /** Parts of user agents, in any case, that are bots. */
  user_agents?: string[] | undefined;
  /** Parts of user agents that are no bots', even if the general rules say so. */
  allowed_user_agents?: string[] | undefined;
  /** Whether browsers that run in a data centre are bots. */
  data_centres?: boolean | undefined;
};

export const keys = sqliteTable("keys", {
  id: text().primaryKey(),
  name: text().notNull(),
  project_id: text(),
  role: text({ enum: ["collect", "viewer", "analyst", "admin"] }).notNull(),
  banner_tags: text({ mode: "json" }).$type<string[]>(),
  hash: text().notNull(),
  created_at: integer().notNull(),
  expires_at: integer(),
  revoked_at: integer(),
  hide_amounts: integer({ mode: "boolean" }).notNull().default(false),
});

export const deadLetters = sqliteTable("dead_letters", {
  id: integer().primaryKey({ autoIncrement: true }),
  project_id: text(),
  event_id: text(),
  event_type: text(),
  standing: integer().notNull(),
  event: text().notNull(),
  error: text().notNull(),
  consumer: text().notNull(),
  failed_at: integer().notNull(),
  status: text({ enum: ["waiting", "replayed", "discarded"] }).notNull(),
  resolved_at: integer(),
});

export const SCHEMA_MODES = ["off", "warn", "enforce"] as const;
export type SchemaMode = (typeof SCHEMA_MODES)[number];

export const schemaVersions = sqliteTable("schema_versions", {
  id: integer().primaryKey({ autoIncrement: true }),
  project_id: text().notNull(),
  event_type: text().notNull(),
  version: integer().notNull(),
  schema: text({ mode: "json" }).$type<Record<string, unknown>>().notNull(),
  created_at: integer().notNull(),
});

export const schemas = sqliteTable(
  "schemas",
  {
    project_id: text().notNull(),
    event_type: text().notNull(),
    version: integer().notNull(),
    mode: text({ enum: SCHEMA_MODES }).notNull(),
    retired_at: integer(),
  },
  (table) => [primaryKey({ columns: [table.project_id, table.event_type] })],
);

export const projections = sqliteTable("projections", {
  name: text().primaryKey(),
  cursor: integer().notNull(),
  updated_at: integer(),
  error: text(),
  failed_at: integer(),
  epoch: integer().notNull(),
});

/** What a milestone's text (`<epoch ms, 15 digits> <date> <tag>`) holds, as columns of their own. */
const milestoneAt = (name: string) => integer().generatedAlwaysAs(sql.raw(`CAST(substr(${name}, 1, 15) AS INTEGER)`));
const milestoneDate = (name: string) => text().generatedAlwaysAs(sql.raw(`substr(${name}, 17, 10)`));
const milestoneTag = (name: string) => text().generatedAlwaysAs(sql.raw(`substr(${name}, 28)`));

/** A field of `first_event`, which is `<epoch ms, 15 digits> ["country","device","app","platform"]`; `''` where it has none. */
const firstEventField = (place: number) =>
  text().generatedAlwaysAs(sql.raw(`json_extract(substr(first_event, 17), '$[${place}]')`));

export const players = sqliteTable(
  "players",
  {
    project_id: text().notNull(),
    person: text().notNull(),
    player_id: text(),
    first_seen: integer().notNull(),
    last_event_at: integer().notNull(),
    total_events: integer().notNull(),
    total_deposits: integer().notNull(),
    first_date: text(),
    first_event: text(),
    first_touch: text(),
    last_touch: text(),
    visit: text(),
    registration: text(),
    deposit: text(),
    second_deposit: text(),
    third_deposit: text(),
    first_country: firstEventField(0),
    first_device: firstEventField(1),
    first_app_id: firstEventField(2),
    first_platform: firstEventField(3),
    first_tag: milestoneTag("first_touch"),
    last_tag: milestoneTag("last_touch"),
    visit_at: milestoneAt("visit"),
    visit_date: milestoneDate("visit"),
    visit_tag: milestoneTag("visit"),
    registration_at: milestoneAt("registration"),
    registration_date: milestoneDate("registration"),
    registration_tag: milestoneTag("registration"),
    deposit_at: milestoneAt("deposit"),
    deposit_date: milestoneDate("deposit"),
    deposit_tag: milestoneTag("deposit"),
    second_deposit_at: milestoneAt("second_deposit"),
    second_deposit_date: milestoneDate("second_deposit"),
    second_deposit_tag: milestoneTag("second_deposit"),
    third_deposit_at: milestoneAt("third_deposit"),
    third_deposit_date: milestoneDate("third_deposit"),
    third_deposit_tag: milestoneTag("third_deposit"),
  },
  (table) => [primaryKey({ columns: [table.project_id, table.person] })],
);
