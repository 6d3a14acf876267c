/**
 * The columns of the log, for the queue, the archive, the pages that show an event, and the export. A new one is added at
 * the end: files of the archive have them in this order.
 */
import type { StoredEvent } from "./event.ts";

/** An event as the log has it. */
export type LoggedRow = StoredEvent & { seq: number; duplicate_of: string | null };
export type ColumnName = keyof LoggedRow;

/** `instant` is epoch milliseconds, `money` 1/10,000 units, `json` an object's text, `flag` 0 or 1. */
export type ColumnType = "text" | "whole" | "hour" | "instant" | "date" | "money" | "json" | "flag";
export type Presence = "required" | "optional";

export const LOG_COLUMNS = {
  seq: ["whole", "required"],
  project_id: ["text", "required"],
  event_id: ["text", "required"],
  event_type: ["text", "required"],
  player_id: ["text", "optional"],
  visitor_id: ["text", "optional"],
  banner_tag: ["text", "optional"],
  app_id: ["text", "optional"],
  session_id: ["text", "optional"],
  click_id: ["text", "optional"],
  platform: ["text", "optional"],
  app_version: ["text", "optional"],
  timestamp: ["instant", "required"],
  received_at: ["instant", "required"],
  event_date: ["date", "required"],
  event_hour: ["hour", "required"],
  amount: ["money", "optional"],
  currency: ["text", "optional"],
  transaction_id: ["text", "optional"],
  score: ["whole", "optional"],
  data: ["json", "optional"],
  country: ["text", "optional"],
  device: ["text", "optional"],
  browser: ["text", "optional"],
  os: ["text", "optional"],
  referrer: ["text", "optional"],
  source_ip: ["text", "optional"],
  user_agent: ["text", "optional"],
  bot: ["text", "optional"],
  test: ["flag", "required"],
  duplicate_of: ["text", "optional"],
  trusted: ["flag", "required"],
} as const satisfies Record<ColumnName, readonly [ColumnType, Presence]>;

export const COLUMN_NAMES = Object.keys(LOG_COLUMNS) as ColumnName[];

/** All but these, in the order of the log. */
export const columnsBut = <Left extends ColumnName>(...left: Left[]) =>
  COLUMN_NAMES.filter((name): name is Exclude<ColumnName, Left> => !left.some((other) => other === name));

/** The columns that an erasure leaves as they are, since figures are made of them. Every other column is personal, a new one too. */
const NOT_PERSONAL = [
  "seq",
  "project_id",
  "event_type",
  "banner_tag",
  "app_id",
  "platform",
  "app_version",
  "timestamp",
  "received_at",
  "event_date",
  "event_hour",
  "amount",
  "currency",
  "country",
  "device",
  "bot",
  "test",
  "trusted",
] as const satisfies readonly ColumnName[];
export type PersonalColumn = Exclude<ColumnName, (typeof NOT_PERSONAL)[number]>;
export const PERSONAL_COLUMNS = columnsBut(...NOT_PERSONAL);
