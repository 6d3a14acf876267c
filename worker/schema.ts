/**
 * The tables, as queries see them. The migrations make them; a test holds the two together.
 * Columns that SQLite computes (VIRTUAL) are `generatedAlwaysAs`, so that nothing writes them.
 */
import { type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { integer, primaryKey, SQLiteAsyncDialect, sqliteTable, text } from "drizzle-orm/sqlite-core";

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
});

/** A project's own rules about bots, beside the general ones. */
export type BotRules = {
  /** Parts of user agents, in any case, that are bots. */
  user_agents?: string[] | undefined;
  /** Parts of user agents that are none, whatever the general rules say. */
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
});

export const audit = sqliteTable("audit", {
  id: integer().primaryKey(),
  at: integer().notNull(),
  actor: text().notNull(),
  project_id: text(),
  action: text().notNull(),
  subject: text().notNull(),
  details: text({ mode: "json" }).$type<Record<string, unknown>>().notNull(),
});

export const deadLetters = sqliteTable("dead_letters", {
  id: integer().primaryKey({ autoIncrement: true }),
  project_id: text(),
  event_id: text(),
  event_type: text(),
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

export const unfinishedBatches = sqliteTable("unfinished_batches", {
  hash: text().primaryKey(),
  seed: text().notNull(),
  created_at: integer().notNull(),
});

export const events = sqliteTable("events", {
  seq: integer().primaryKey({ autoIncrement: true }),
  project_id: text().notNull(),
  event_id: text().notNull(),
  event_type: text().notNull(),
  player_id: text(),
  visitor_id: text(),
  banner_tag: text(),
  app_id: text(),
  session_id: text(),
  click_id: text(),
  platform: text(),
  app_version: text(),
  timestamp: integer().notNull(),
  received_at: integer().notNull(),
  event_date: text().notNull(),
  event_hour: integer().notNull(),
  amount: integer(),
  currency: text(),
  transaction_id: text(),
  score: integer(),
  data: text(),
  country: text(),
  device: text(),
  browser: text(),
  os: text(),
  referrer: text(),
  source_ip: text(),
  user_agent: text(),
  bot: text(),
  test: integer().notNull(),
  duplicate_of: text(),
  actor: text().notNull().generatedAlwaysAs(sql`coalesce(player_id, char(31) || visitor_id)`),
  tagged: integer().notNull().generatedAlwaysAs(sql`banner_tag IS NOT NULL`),
  counted: integer().notNull().generatedAlwaysAs(sql`bot IS NULL AND test = 0 AND duplicate_of IS NULL`),
});

export const transactions = sqliteTable(
  "transactions",
  {
    project_id: text().notNull(),
    event_type: text().notNull(),
    transaction_id: text().notNull(),
    event_id: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.project_id, table.event_type, table.transaction_id] })],
);

export const projections = sqliteTable("projections", {
  name: text().primaryKey(),
  cursor: integer().notNull(),
  updated_at: integer(),
  error: text(),
  failed_at: integer(),
});

export const identities = sqliteTable(
  "identities",
  {
    project_id: text().notNull(),
    visitor_id: text().notNull(),
    seq: integer().notNull(),
    player_id: text().notNull(),
    rank: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.project_id, table.visitor_id, table.seq] })],
);

const day = { project_id: text().notNull(), event_date: text().notNull(), event_type: text().notNull() };

export const activity = sqliteTable("activity", {
  ...day,
  person: text().notNull(),
  event_hour: integer().notNull(),
  banner_tag: text().notNull(),
  country: text().notNull(),
  device: text().notNull(),
  app_id: text().notNull(),
  total: integer().notNull(),
});

export const dailyMetrics = sqliteTable("daily_metrics", {
  ...day,
  count: integer().notNull(),
  total: integer().notNull(),
});

export const eventSummary = sqliteTable("event_summary", {
  ...day,
  banner_tag: text().notNull(),
  count: integer().notNull(),
  total: integer().notNull(),
});

export const moneySummary = sqliteTable("money_summary", {
  ...day,
  banner_tag: text().notNull(),
  currency: text().notNull(),
  total: integer().notNull(),
  whole: integer().notNull(),
  fraction: integer().notNull(),
});

export const eventOutcomes = sqliteTable(
  "event_outcomes",
  {
    project_id: text().notNull(),
    event_date: text().notNull(),
    outcome: text({ enum: ["counted", "test", "duplicate", "bot"] }).notNull(),
    reason: text().notNull(),
    received_hour: integer().notNull(),
    total: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.project_id, table.event_date, table.outcome, table.reason, table.received_hour] }),
  ],
);

/** What a milestone's text (`<epoch ms, 15 digits> <date> <tag>`) holds, as columns of their own. */
const milestoneAt = (name: string) => integer().generatedAlwaysAs(sql.raw(`CAST(substr(${name}, 1, 15) AS INTEGER)`));
const milestoneDate = (name: string) => text().generatedAlwaysAs(sql.raw(`substr(${name}, 17, 10)`));
const milestoneTag = (name: string) => text().generatedAlwaysAs(sql.raw(`substr(${name}, 28)`));

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
    first_touch: text(),
    last_touch: text(),
    visit: text(),
    registration: text(),
    deposit: text(),
    second_deposit: text(),
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
  },
  (table) => [primaryKey({ columns: [table.project_id, table.person] })],
);

export type Database = DrizzleD1Database & { $client: D1Database };
export const openDatabase = (binding: D1Database): Database => drizzle(binding);

const dialect = new SQLiteAsyncDialect();

/** Runs statements in one transaction, in their order. */
export async function transact(db: Database, statements: SQL[]): Promise<void> {
  await db.$client.batch(
    statements.map((statement) => {
      const { sql: text, params } = dialect.sqlToQuery(statement);
      return db.$client.prepare(text).bind(...params);
    }),
  );
}
