/** The columns of the archive: the log's own, each with its Parquet type and how a value gets there and back. */
import type { SchemaElement } from "hyparquet";
import type { StoredEvent } from "../event.ts";

/** An event as the log has it. */
export type LoggedRow = StoredEvent & { seq: number; duplicate_of: string | null };

/** As SQLite has it. */
export type Value = string | number | null;

type Type = {
  element: Pick<SchemaElement, "type" | "converted_type" | "logical_type" | "precision" | "scale">;
  /** The same without what it means: read so, nothing becomes a float or a `Date`. */
  write(value: string | number): unknown;
  read(value: unknown): Value;
};

const DAY_MS = 86_400_000;
const asNumber = (value: unknown) => Number(value);

const TYPES = {
  text: {
    element: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
    write: (value) => value,
    read: (value) => value as string,
  },
  whole: { element: { type: "INT64" }, write: (value) => BigInt(value), read: asNumber },
  small: { element: { type: "INT32" }, write: (value) => value, read: asNumber },
  instant: {
    element: {
      type: "INT64",
      converted_type: "TIMESTAMP_MILLIS",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
    },
    write: (value) => BigInt(value),
    read: asNumber,
  },
  date: {
    element: { type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } },
    write: (value) => Date.parse(`${value}T00:00:00Z`) / DAY_MS,
    read: (value) => new Date(Number(value) * DAY_MS).toISOString().slice(0, 10),
  },
  /** The unscaled integer is our 1/10,000 unit. */
  money: {
    element: {
      type: "INT64",
      converted_type: "DECIMAL",
      logical_type: { type: "DECIMAL", precision: 18, scale: 4 },
      precision: 18,
      scale: 4,
    },
    write: (value) => BigInt(value),
    read: asNumber,
  },
  flag: { element: { type: "BOOLEAN" }, write: (value) => value === 1, read: (value) => (value ? 1 : 0) },
} as const satisfies Record<string, Type>;

type Rule = readonly [type: keyof typeof TYPES, presence: "required" | "optional"];

/** In the order of the file. */
const RULES = {
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
  event_hour: ["small", "required"],
  amount: ["money", "optional"],
  currency: ["text", "optional"],
  transaction_id: ["text", "optional"],
  score: ["whole", "optional"],
  data: ["text", "optional"],
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
} as const satisfies Record<keyof LoggedRow, Rule>;

export type Column = { name: keyof LoggedRow; type: Type; required: boolean };

export const COLUMNS: readonly Column[] = Object.entries(RULES).map(([name, [type, presence]]) => ({
  name: name as keyof LoggedRow,
  type: TYPES[type],
  required: presence === "required",
}));

/** Where a column's value stands in a row. */
export const at = (name: keyof LoggedRow): number => COLUMNS.findIndex((column) => column.name === name);
