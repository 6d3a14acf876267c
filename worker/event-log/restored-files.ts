/** The archive's files, read in steps: small ones together, of a large one a row group. */

import { bytesOf } from "../archive/bucket.ts";
import type { ArchiveFile } from "../archive/files.ts";
import { decode, groupsOf, type Row } from "../archive/parquet.ts";

/** Files of a step are held together; one alone may be larger. */
const BYTES_A_STEP = 16 * 1024 * 1024;

/** The progress of a restore after the rows of a step. */
type Moved = { done_key?: string; groups_done?: number; files_done?: number; rows_done: number };
/** The rows that a step reads, and the place after them. */
type Read = { rows: AsyncGenerator<Row>; moved: Moved };

/** The first files that together have no more events and bytes than a step takes; at least one. */
export function fitting(files: readonly ArchiveFile[], most: number): ArchiveFile[] {
  let [rows, bytes] = [0, 0];
  const beyond = files.findIndex((file) => {
    rows += file.rows;
    bytes += file.bytes;
    return rows > most || bytes > BYTES_A_STEP;
  });
  return files.slice(0, beyond === -1 ? files.length : Math.max(1, beyond));
}

async function* rowsOf(files: readonly ArrayBuffer[], only?: number): AsyncGenerator<Row> {
  for (const bytes of files)
    for await (const rows of decode(bytes, { ...(only !== undefined && { only }) })) yield* rows;
}

/** A file's bytes, after the check that it has as many rows as the manifest says; and the rows of each row group. */
async function opened(bucket: R2Bucket, file: ArchiveFile): Promise<{ bytes: ArrayBuffer; groups: number[] }> {
  const bytes = await bytesOf(bucket, file);
  const groups = groupsOf(bytes);
  const rows = groups.reduce((sum, rowsOfGroup) => sum + rowsOfGroup, 0);
  if (rows !== file.rows) throw new Error(`${file.key} has ${rows} rows of ${file.rows}.`);
  return { bytes, groups };
}

export async function wholeOf(bucket: R2Bucket, files: readonly ArchiveFile[]): Promise<Read> {
  const read = await Promise.all(files.map((file) => opened(bucket, file)));
  const { key } = files.at(-1) as ArchiveFile;
  const rows_done = files.reduce((sum, file) => sum + file.rows, 0);
  return {
    rows: rowsOf(read.map(({ bytes }) => bytes)),
    moved: { done_key: key, files_done: files.length, rows_done },
  };
}

export async function groupOf(bucket: R2Bucket, file: ArchiveFile, group: number): Promise<Read> {
  const { bytes, groups } = await opened(bucket, file);
  const ended = group >= groups.length - 1;
  const place = ended ? { done_key: file.key, groups_done: 0, files_done: 1 } : { groups_done: group + 1 };
  return { rows: rowsOf([bytes], group), moved: { ...place, rows_done: groups[group] ?? 0 } };
}
