/** Converts rows of the log to Parquet and back, without loss. The same rows give the same bytes. */
import { parquetMetadata, parquetRead, type SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { ColumnName } from "../log-columns.ts";
import { at, COLUMNS, type Value } from "./columns.ts";

/** A row of the log, its values in the order of `COLUMNS`. */
export type Row = Value[];

/** Written into each file; a test compares it with package.json. */
export const SOFTWARE = "edgepixel 0.1.0";
/** The version of the columns. 2 has `trusted`: an id is unique among trusted events and among the others. */
export const SCHEMA_VERSION = 2;

/** Rows that are encoded together; what a reader can skip. */
export const ROW_GROUP = 10_000;

/** Readers skip row groups by the minimum and maximum of these columns; of other columns these would only take space. */
const BOUNDED = new Set(["seq", "project_id", "event_type", "timestamp", "received_at", "event_date"]);

const SCHEMA: SchemaElement[] = [
  { name: "event", num_children: COLUMNS.length },
  ...COLUMNS.map(
    ({ name, type, required }): SchemaElement => ({
      name,
      ...type.element,
      repetition_type: required ? "REQUIRED" : "OPTIONAL",
    }),
  ),
];

/** A file that is written row group by row group. `rows` is how many it will have. */
export function parquetFile(rows: number) {
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: SCHEMA,
    createdBy: SOFTWARE,
    kvMetadata: [
      { key: "edgepixel.schema_version", value: String(SCHEMA_VERSION) },
      { key: "edgepixel.software", value: SOFTWARE },
      { key: "edgepixel.rows", value: String(rows) },
    ],
  });
  return {
    add(group: readonly Row[]): void {
      const columnData = COLUMNS.map(({ name, type }, index) => ({
        name,
        data: group.map((row) => {
          const value = row[index];
          return value == null ? null : type.write(value);
        }),
        statistics: BOUNDED.has(name),
        offsetIndex: false,
      }));
      file.write({ columnData, rowGroupSize: ROW_GROUP });
    },
    finish(): Uint8Array {
      file.finish();
      return writer.getBytes();
    },
  };
}

export function encode(rows: readonly Row[]): Uint8Array {
  const file = parquetFile(rows.length);
  file.add(rows);
  return file.finish();
}

/** A decoder that keeps a byte order mark. */
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const parsers = { stringFromBytes: (bytes: Uint8Array) => decoder.decode(bytes) };

/**
 * About how many bytes are decoded at once, without compression, so that ten thousand rows of eight kilobytes are not in
 * memory together.
 */
const SLICE_BYTES = 4 * 1024 * 1024;

/** How many rows each row group of a file has. */
export const groupsOf = (bytes: ArrayBuffer): number[] =>
  parquetMetadata(bytes).row_groups.map(({ num_rows }) => Number(num_rows));

/** What a reader looks for: the columns that decide, and whether a row is wanted. Other columns are read only for wanted rows. */
export type Wanted = { columns: readonly ColumnName[]; matches(row: Row): boolean };

/**
 * The rows of a file, a slice of a row group at a time; `only` is one row group, `wanted` what is looked for. Columns
 * that a later version of the schema has are left out, those that an earlier one has not are null, and flags not set.
 */
export async function* decode(
  bytes: ArrayBuffer,
  { only, wanted }: { only?: number; wanted?: Wanted } = {},
): AsyncGenerator<Row[]> {
  const metadata = parquetMetadata(bytes);
  // Logical types are removed, so that integers stay integers.
  const schema = metadata.schema.map(({ converted_type: _, logical_type: __, ...element }) => element);
  const read = async (rowStart: number, rowEnd: number, columns?: readonly ColumnName[]): Promise<Row[]> => {
    let rows: Row[] = [];
    await parquetRead({
      file: bytes,
      metadata: { ...metadata, schema },
      parsers,
      rowStart,
      rowEnd,
      ...(columns && { columns: [...columns] }),
      rowFormat: "object",
      onComplete: (objects) => {
        rows = objects.map((object) =>
          COLUMNS.map(({ name, type, absent }) => (object[name] == null ? absent : type.read(object[name]))),
        );
      },
    });
    return rows;
  };
  let groupStart = 0;
  for (const [group, { num_rows, total_byte_size }] of metadata.row_groups.entries()) {
    const groupEnd = groupStart + Number(num_rows);
    const length = Math.ceil(Number(num_rows) / Math.max(1, Math.ceil(Number(total_byte_size) / SLICE_BYTES)));
    for (let start = groupStart; start < groupEnd && group === (only ?? group); start += length) {
      const end = Math.min(start + length, groupEnd);
      if (!wanted) yield await read(start, end);
      else if ((await read(start, end, wanted.columns)).some(wanted.matches))
        yield (await read(start, end)).filter(wanted.matches);
    }
    groupStart = groupEnd;
  }
}

/** The smallest and largest of a column of whole numbers. */
export function boundsOf(rows: readonly Row[], name: "received_at"): [number, number] {
  const index = at(name);
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    least = Math.min(least, row[index] as number);
    most = Math.max(most, row[index] as number);
  }
  return [least, most];
}
