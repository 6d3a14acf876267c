/** Saves the state of the database and the bucket, to restore it many times. */
import { env } from "cloudflare:workers";
import { forgetProjects } from "../../worker/project.ts";
import { CREATE_ID_INDEX } from "../../worker/store/places.ts";
import { emptyBucket, objectsIn } from "./bucket.ts";
import { tables } from "./loss.ts";

/** Statements that restore a table's rows; columns that SQLite computes are left out. */
async function rowsOf(table: string): Promise<D1PreparedStatement[]> {
  const { results } = await env.DB.prepare(`SELECT name FROM pragma_table_info('${table}')`).all<{ name: string }>();
  const columns = results.map(({ name }) => name).join(", ");
  const insert = env.DB.prepare(`INSERT INTO ${table} (${columns}) VALUES (${results.map(() => "?").join(", ")})`);
  return (await env.DB.prepare(`SELECT ${columns} FROM ${table}`).raw()).map((row) => insert.bind(...row));
}

async function objectOf({ key }: R2Object): Promise<() => Promise<unknown>> {
  const object = (await env.ARCHIVE.get(key)) as R2ObjectBody;
  const bytes = await object.arrayBuffer();
  const { httpMetadata = {}, customMetadata = {} } = object;
  const { sha256 } = object.checksums;
  return () => env.ARCHIVE.put(key, bytes, { httpMetadata, customMetadata, ...(sha256 && { sha256 }) });
}

/** Returns a function that restores the present state. */
export async function stateNow(): Promise<() => Promise<void>> {
  const names = [...(await tables()), "sqlite_sequence"];
  const rows = (await Promise.all(names.map(rowsOf))).flat();
  const objects = await Promise.all((await objectsIn()).map(objectOf));
  return async () => {
    await emptyBucket();
    await Promise.all(objects.map((put) => put()));
    await env.DB.exec(CREATE_ID_INDEX);
    await env.DB.batch([...names.map((name) => env.DB.prepare(`DELETE FROM ${name}`)), ...rows]);
    forgetProjects();
  };
}
