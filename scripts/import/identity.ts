/**
 * Ids for lines that have none: the same file gives the same ids again, and two identical lines in it get two ids. How often
 * a content was read is counted on disk, since a large file has many lines.
 */
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

const digest = (text: string) => createHash("sha256").update(text).digest();

export class Identity {
  /** Without a name, SQLite uses a temporary file, which is deleted when the process ends in any way. */
  readonly #db = new DatabaseSync("");
  readonly #count;

  constructor() {
    this.#db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;
      CREATE TABLE seen (content BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID; BEGIN`);
    this.#count = this.#db.prepare(
      "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times",
    );
  }

  /**
   * The id by the project, the content, and how often the content was read before. It must be called once for each line, in the
   * order of the file.
   */
  idOf(project_id: string, content: string): string {
    const hash = digest(`${project_id}\n${content}`);
    const { times } = this.#count.get(hash.subarray(0, 16)) as { times: number };
    return `import-${digest(`${hash.toString("hex")} ${times}`)
      .toString("hex")
      .slice(0, 40)}`;
  }

  close(): void {
    this.#db.close();
  }
}
