/** The columns of the archive: those of the log, each with its Parquet type and the conversion in both directions. */

import type { SchemaElement } from "hyparquet";
import { type ColumnName, type ColumnType, LOG_COLUMNS } from "../log-columns.ts";
import { DAY_MS, utcDate } from "../time.ts";

/** The value in SQLite. */
export type Value = string | number | null;

type Type = {
  element: Pick<SchemaElement, "type" | "converted_type" | "logical_type" | "precision" | "scale">;
  /** The same without the logical type, so that no value is read as a float or a `Date`. */
  write(value: string | number): unknown;
  read(value: unknown): Value;
};

const asNumber = (value: unknown) => Number(value);

const text: Type = {
  element: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  write: (value) => value,
  read: (value) => value as string,
};

const TYPES: Record<ColumnType, Type> = {
  text,
  json: text,
  whole: { element: { type: "INT64" }, write: (value) => BigInt(value), read: asNumber },
  hour: { element: { type: "INT32" }, write: (value) => value, read: asNumber },
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
    read: (value) => utcDate(Number(value) * DAY_MS),
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
};

/** `absent` is the value of a row whose file does not have the column. */
export type Column = { name: ColumnName; type: Type; required: boolean; absent: Value };

/** In the order of the file. */
export const COLUMNS: readonly Column[] = Object.entries(LOG_COLUMNS).map(([name, [type, presence]]) => ({
  name: name as ColumnName,
  type: TYPES[type],
  required: presence === "required",
  absent: type === "flag" ? 0 : null,
}));

const PLACES = new Map(COLUMNS.map(({ name }, index) => [name, index]));
/** The index of a column's value in a row. */
export const at = (name: ColumnName): number => PLACES.get(name) as number;
