/** Runs DuckDB for the tests in workerd, which cannot: writes files where DuckDB finds them, and runs queries. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/**
 * `files` by key, in Base64. In `sql`, ARCHIVE is the folder in place of the bucket: statements, then a query.
 * With `docs`, each query in that file's DuckDB code blocks is run instead.
 */
export type Question = { files: Record<string, string>; sql: string[]; docs?: string };
/** Whole numbers and decimals as text, exactly. */
export type Rows = Record<string, unknown>[];

export async function answer(request: { json(): Promise<unknown> }): Promise<Response> {
  const { files, sql, docs } = (await request.json()) as Question;
  const folder = mkdtempSync(join(tmpdir(), "archive-"));
  try {
    for (const [key, content] of Object.entries(files)) {
      const file = join(folder, key);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, Buffer.from(content, "base64"));
    }
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    await connection.run("SET TimeZone = 'UTC'");
    if (docs) return Response.json(await everyQuery(connection, docs, folder));
    const statements = sql.map((statement) => statement.replaceAll("ARCHIVE", folder));
    const query = statements.pop() ?? "";
    for (const statement of statements) await connection.run(statement);
    const reader = await connection.runAndReadAll(query);
    return Response.json(reader.getRowObjectsJson());
  } catch (error) {
    return new Response(String(error), { status: 500 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The statements of a block that set the bucket's credentials are left out. */
async function everyQuery(connection: DuckDBConnection, docs: string, folder: string): Promise<Rows> {
  const blocks = [...readFileSync(docs, "utf8").matchAll(/^```sql duckdb\n(.*?)^```/gms)].map(
    ([, block = ""]) => block,
  );
  const statements = blocks
    .join("")
    .replaceAll(/r2:\/\/edgepixel-archive|\.\/archive/g, folder)
    .split(/;$/m)
    .map((statement) => statement.replace(/^--.*$/gm, "").trim())
    .filter((statement) => statement && !/^(?:INSTALL|CREATE SECRET)/.test(statement));
  const answers: Rows = [];
  for (const query of statements) {
    try {
      const reader = await connection.runAndReadAll(query);
      if (/^(?:SELECT|FROM|DESCRIBE)/.test(query)) answers.push({ query, rows: reader.currentRowCount });
    } catch (error) {
      answers.push({ query, error: String(error) });
    }
  }
  return answers;
}
