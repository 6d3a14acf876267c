/** A local D1 that counts what D1 bills, and a local bucket. */
import { readdirSync, readFileSync } from "node:fs";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { type Database, databaseOf } from "../worker/store/database.ts";

export type Bill = { read: number; written: number };

/** A local D1, migrated, and a local bucket, as the Worker's bindings. */
export async function openBindings(): Promise<{ env: Env; close(): Promise<void> }> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "export default { fetch: () => new Response(null) }",
      d1Databases: ["DB"],
      r2Buckets: ["ARCHIVE"],
    }),
  );
  const env = (await miniflare.getBindings()) as unknown as Env;
  await migrate(env.DB);
  return { env, close: () => miniflare.dispose() };
}

export async function migrate(binding: D1Database): Promise<void> {
  for (const file of readdirSync("migrations").sort()) {
    const statements = readFileSync(`migrations/${file}`, "utf8")
      .replace(/^--.*$/gm, "")
      .replace(/^ *--.*$/gm, "")
      // A trigger contains statements, up to END.
      .split(/;$(?!\n(?:END\b| ))/m)
      .filter((statement) => statement.trim());
    await binding.batch(statements.map((statement) => binding.prepare(statement)));
  }
}

type Metered = { env: Env; db: Database; bill(): Bill; close(): Promise<void> };

export async function openMetered(): Promise<Metered> {
  const { env, close } = await openBindings();
  const binding = env.DB;
  const bill = { read: 0, written: 0 };
  const count = (results: { meta: { rows_read?: number; rows_written?: number } }[]) => {
    for (const { meta } of results) {
      bill.read += meta.rows_read ?? 0;
      bill.written += meta.rows_written ?? 0;
    }
  };
  const batch = binding.batch.bind(binding);
  const metered = new Proxy(binding, {
    get: (target, name) =>
      name === "batch"
        ? async (statements: D1PreparedStatement[]) => {
            const results = await batch(statements);
            count(results as never);
            return results;
          }
        : Reflect.get(target, name).bind(target),
  });
  return { env: { ...env, DB: metered }, db: databaseOf({ DB: metered }), bill: () => ({ ...bill }), close };
}
