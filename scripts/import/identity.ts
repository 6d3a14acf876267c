/**
 * Ids for lines that have none: the same file gives the same ids again, and two identical lines in it give two. What
 * was seen how often is counted on disk: a large file has many lines.
 */
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

const digest = (text: string) => createHash("sha256").update(text).digest();

export class Identity {
  /** Without a name: SQLite's own temporary file, which is gone with the process, however that ends. */
  readonly #db = new DatabaseSync("");
  readonly #count;

  constructor() {
    this.#db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;
      CREATE TABLE seen (content BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID; BEGIN`);
    this.#count = this.#db.prepare(
      "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times",
    );
  }

  /** By the project, the content, and how often the content was seen before: asked once a line, in the file's order. */
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
