/**
 * How far each file has been imported, in a small file that is written after each batch that the server has acknowledged.
 * Without it an import starts again from the beginning, and still nothing counts twice.
 */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { beginningOf } from "./lines.ts";
import { noTally, type Tally } from "./tally.ts";

export type Position = {
  /** Everything before this place is done; in bytes of the unpacked file. */
  end: number;
  /** How many bytes of the file of refused lines are final. */
  rejects: number;
  tally: Tally;
};
/** A position with what it applies to: a file with the same beginning, imported with the same options. */
type Kept = Position & { beginning: string; bytes: number; way: string };

const BEGINNING_BYTES = 4096;
const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");

export class State {
  readonly #path: string;
  readonly #file: string;
  readonly #way: string;
  #kept: Omit<Kept, keyof Position> | null = null;

  /** `way` is everything that decides how lines are read and where they are sent. */
  constructor(path: string, file: string, way: unknown) {
    this.#path = path;
    this.#file = resolve(file);
    this.#way = sha256(JSON.stringify(way));
  }

  async load(): Promise<Position> {
    const known = this.#read()[this.#file];
    const beginning = await beginningOf(this.#file, BEGINNING_BYTES);
    const { length: bytes } = beginning;
    this.#kept = { beginning: sha256(beginning), bytes, way: this.#way };
    const same =
      known?.way === this.#way &&
      known.bytes <= bytes &&
      known.beginning === sha256(beginning.subarray(0, known.bytes));
    return same
      ? { end: known.end, rejects: known.rejects, tally: known.tally }
      : { end: 0, rejects: 0, tally: noTally() };
  }

  /** Replaces the file in one step, so that a killed process leaves either the old state or the new one. */
  save(position: Position): void {
    const all = { ...this.#read(), [this.#file]: { ...this.#kept, ...position } };
    writeFileSync(`${this.#path}.new`, `${JSON.stringify(all, null, 1)}\n`);
    renameSync(`${this.#path}.new`, this.#path);
  }

  #read(): Record<string, Kept> {
    try {
      return JSON.parse(readFileSync(this.#path, "utf8"));
    } catch {
      return {};
    }
  }
}
