/** The file of refused lines, as NDJSON. Lines after the last saved state are cut off, since they are written again. */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import type { Rejected } from "./batch.ts";

export class Rejects {
  readonly #file: number;
  /** How many bytes are final. */
  size: number;

  constructor(path: string, keep: number) {
    this.#file = openSync(path, keep > 0 ? "a+" : "w");
    this.size = Math.min(keep, fstatSync(this.#file).size);
    ftruncateSync(this.#file, this.size);
  }

  write(file: string, rejected: readonly Rejected[]): void {
    const text = rejected.map((one) => `${JSON.stringify({ file, ...one })}\n`).join("");
    this.size += writeSync(this.#file, text);
  }

  close(): void {
    closeSync(this.#file);
  }
}
