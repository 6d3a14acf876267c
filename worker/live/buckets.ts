/** The buckets of a project: seconds of the last hour, minutes of the last day, a row of the object's storage each. */
import { Bucket, type Cell } from "./bucket.ts";

/**
 * How long a bucket is, how long it is kept (a local day has up to 25 hours), and how long it stays unpacked in memory while it
 * still grows. All times are in milliseconds; points in time are in milliseconds since 1970.
 */
const LEVELS = {
  seconds: { length: 1_000, kept: 3_600_000, open: 10_000 },
  minutes: { length: 60_000, kept: 26 * 3_600_000, open: 180_000 },
} as const;
export type Level = keyof typeof LEVELS;
const LEVEL_NAMES = Object.keys(LEVELS) as Level[];

export const startOf = (level: Level, at: number): number => at - (at % LEVELS[level].length);

export class Buckets {
  readonly #sql: SqlStorage;
  readonly #open: Record<Level, Map<number, Bucket>> = { seconds: new Map(), minutes: new Map() };
  readonly #touched: Record<Level, Set<number>> = { seconds: new Set(), minutes: new Set() };

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const level of LEVEL_NAMES) {
      sql.exec(`CREATE TABLE IF NOT EXISTS ${level} (at INTEGER PRIMARY KEY, cells TEXT NOT NULL)`);
    }
  }

  /** Counts a cell at a moment; stored by the next `store`. */
  add(at: number, cell: Cell, now: number): void {
    for (const level of LEVEL_NAMES) {
      if (at < now - LEVELS[level].kept) continue;
      const start = startOf(level, at);
      const bucket = this.#find(level, start) ?? new Bucket();
      bucket.add(cell);
      this.#open[level].set(start, bucket);
      this.#touched[level].add(start);
    }
  }

  /** Writes what was added, and removes old buckets. */
  store(now: number): void {
    for (const level of LEVEL_NAMES) {
      const { length, kept, open } = LEVELS[level];
      for (const at of this.#touched[level]) {
        const packed = this.#open[level].get(at)?.pack();
        this.#sql.exec(`INSERT OR REPLACE INTO ${level} (at, cells) VALUES (?, ?)`, at, packed);
      }
      this.#touched[level].clear();
      this.#sql.exec(`DELETE FROM ${level} WHERE at < ?`, now - kept - length);
      for (const at of this.#open[level].keys()) if (at < now - length - open) this.#open[level].delete(at);
    }
  }

  clear(): void {
    for (const level of LEVEL_NAMES) this.#sql.exec(`DELETE FROM ${level}`);
    this.forget();
  }

  /** Drops everything that was added since the last `store` and is only in memory. */
  forget(): void {
    for (const level of LEVEL_NAMES) {
      this.#open[level].clear();
      this.#touched[level].clear();
    }
  }

  /** The buckets that begin in `from <= at < to`, as far as there are any, with their cells. */
  *read(level: Level, from: number, to: number): Generator<[at: number, cells: Iterable<Cell>]> {
    const kept = this.#sql.exec<{ at: number }>(`SELECT at FROM ${level} WHERE at >= ? AND at < ?`, from, to).toArray();
    for (const { at } of kept) yield [at, (this.#find(level, at) as Bucket).cells()];
  }

  #find(level: Level, at: number): Bucket | undefined {
    const open = this.#open[level].get(at);
    if (open) return open;
    const [row] = this.#sql.exec<{ cells: string }>(`SELECT cells FROM ${level} WHERE at = ?`, at).toArray();
    return row && Bucket.unpack(row.cells);
  }
}
