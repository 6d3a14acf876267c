/**
 * Replaces files of the archive, for merging, erasing and retention. The new file is planned under a key that only its
 * writer uses, put, and made live in one transaction that retires the files it was made from. Of two writers that read the
 * same file only one can do that; the other one fails, and has changed nothing.
 */
import type { SQL } from "drizzle-orm";
import { type Database, transact } from "../store/database.ts";
import { MissingFile, putFile, readFile } from "./bucket.ts";
import { type ArchiveFile, isLive, makeLive, type Planned, plan, retire, TurnLost, takeBack } from "./files.ts";
import { parquetFile, ROW_GROUP, type Row, type Wanted } from "./parquet.ts";
import { generationOf, keyOf, newWriter } from "./partition.ts";

/** Files of an hour, in the log's order. */
export type Group = readonly ArchiveFile[];

export const rowsIn = (group: Group): number => group.reduce((sum, file) => sum + file.rows, 0);

/** The rows of a live file. If it was replaced since it was found, this fails. */
export async function* readLive(env: Env, db: Database, file: ArchiveFile, wanted?: Wanted): AsyncGenerator<Row[]> {
  try {
    yield* readFile(env.ARCHIVE, file, wanted);
  } catch (error) {
    if (error instanceof MissingFile && !(await isLive(db, file.key))) throw new TurnLost(`${file.key} was replaced.`);
    throw error;
  }
}

export type Rewritten = {
  /** Statements that make the new file live in place of the group. They fail where another writer has changed the group. */
  statements: SQL[];
  /** To be called if that failed: removes the file. */
  drop(): Promise<void>;
};

/** Writes the files of a group again as one file, with the rows that `change` returns; `rows` is their number. */
export async function rewrite(
  env: Env,
  db: Database,
  group: Group,
  now: number,
  change: (rows: Row[]) => Row[],
  rows = rowsIn(group),
): Promise<Rewritten> {
  const [first] = group as [ArchiveFile];
  const last_seq = Math.max(...group.map((file) => file.last_seq));
  const generation = 1 + Math.max(...group.map((file) => generationOf(file.key)));
  const planned: Planned = {
    key: keyOf(first.hour, first.first_seq, last_seq, newWriter(), generation),
    hour: first.hour,
    first_seq: first.first_seq,
    last_seq,
    created_at: now,
  };
  await transact(db, [plan([planned], group)]);
  const drop = async () => {
    await transact(db, [takeBack([planned])]);
  };
  try {
    const bytes = await encoded(env, db, group, change, rows);
    const sha256 = await putFile(env.ARCHIVE, planned.key, bytes);
    const file: ArchiveFile = {
      ...planned,
      rows,
      bytes: bytes.length,
      sha256,
      min_received_at: Math.min(...group.map((one) => one.min_received_at)),
      max_received_at: Math.max(...group.map((one) => one.max_received_at)),
    };
    return { statements: [...makeLive([file]), ...retire(group)], drop };
  } catch (error) {
    // The database itself may have failed; then the next sweep removes the file.
    await drop().catch(() => undefined);
    throw error;
  }
}

async function encoded(
  env: Env,
  db: Database,
  group: Group,
  change: (rows: Row[]) => Row[],
  rows: number,
): Promise<Uint8Array> {
  const file = parquetFile(rows);
  let waiting: Row[] = [];
  let [read, written] = [0, 0];
  for (const source of group) {
    for await (const group of readLive(env, db, source)) {
      read += group.length;
      const changed = change(group);
      written += changed.length;
      waiting = waiting.concat(changed);
      if (waiting.length < ROW_GROUP) continue;
      file.add(waiting.slice(0, ROW_GROUP));
      waiting = waiting.slice(ROW_GROUP);
    }
  }
  if (waiting.length > 0) file.add(waiting);
  if (read !== rowsIn(group) || written !== rows)
    throw new Error(`The file would have ${written} rows of ${rows}, from ${read} of ${rowsIn(group)}.`);
  return file.finish();
}

type Replacing = { rows?: number; commit?: (statements: SQL[]) => Promise<unknown> };

/** Rewrites a group and makes the result live; `commit` runs the transaction, and may add statements. */
export async function replace(
  env: Env,
  db: Database,
  group: Group,
  now: number,
  change: (rows: Row[]) => Row[],
  { rows = rowsIn(group), commit = (statements) => transact(db, statements) }: Replacing = {},
): Promise<void> {
  const { statements, drop } = await rewrite(env, db, group, now, change, rows);
  try {
    await commit(statements);
  } catch (error) {
    await drop().catch(() => undefined);
    throw error;
  }
}
