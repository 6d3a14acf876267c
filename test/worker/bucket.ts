/** The archive in tests: what is in the bucket, and bindings that fail on demand. */
import { env } from "cloudflare:workers";
import { readFile } from "../../worker/archive/bucket.ts";
import type { Manifest } from "../../worker/archive/manifest.ts";
import type { Row } from "../../worker/archive/parquet.ts";

export async function objectsIn(prefix = ""): Promise<R2Object[]> {
  const objects: R2Object[] = [];
  let cursor: string | undefined;
  do {
    const page = await env.ARCHIVE.list({ prefix, ...(cursor && { cursor }) });
    objects.push(...page.objects);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
  return objects;
}
export const keysIn = async (prefix: string): Promise<string[]> => (await objectsIn(prefix)).map(({ key }) => key);

/** What a reader sees who knows nothing but the bucket's manifest. */
export async function archivedRows(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const key of await keysIn("manifest/")) {
    const object = await env.ARCHIVE.get(key);
    const { files } = JSON.parse((await object?.text()) ?? "{}") as Manifest;
    for (const file of files) for await (const group of readFile(env.ARCHIVE, file)) rows.push(...group);
  }
  return rows;
}

export async function emptyBucket(): Promise<void> {
  await env.ARCHIVE.delete(await keysIn(""));
}

export class Crash extends Error {}

export const FAULTS = ["fails", "is the last"] as const;

/**
 * The environment, where the `nth` call of bucket or database, counted together, fails without having done anything, or
 * is the last that does anything, as when the machine is gone. `calls` tells how many there were.
 */
export function faulty(nth: number, fault: (typeof FAULTS)[number]): { env: Env; calls(): number } {
  let calls = 0;
  const guard = async <T>(act: () => Promise<T>): Promise<T> => {
    calls++;
    if (fault === "fails" ? calls === nth : calls > nth) throw new Crash(`call ${calls}`);
    return act();
  };
  const wrapped = <T extends object>(target: T, names: readonly string[]): T =>
    new Proxy(target, {
      get: (real, name) => {
        const value = Reflect.get(real, name);
        if (typeof value !== "function") return value;
        return names.includes(String(name))
          ? (...given: unknown[]) => guard(() => value.apply(real, given))
          : value.bind(real);
      },
    });
  const originals = new WeakMap<object, D1PreparedStatement>();
  const statement = (original: D1PreparedStatement): D1PreparedStatement => {
    const runs = wrapped(original, ["all", "raw", "run", "first"]);
    const proxy = new Proxy(runs, {
      get: (target, name) =>
        name === "bind" ? (...values: unknown[]) => statement(original.bind(...values)) : Reflect.get(target, name),
    });
    originals.set(proxy, original);
    return proxy;
  };
  const database = new Proxy(env.DB, {
    get: (real, name) => {
      if (name === "prepare") return (text: string) => statement(real.prepare(text));
      if (name === "batch")
        return (given: D1PreparedStatement[]) =>
          guard(() => real.batch(given.map((one) => originals.get(one) as D1PreparedStatement)));
      const value = Reflect.get(real, name);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });
  return {
    env: { ...env, DB: database, ARCHIVE: wrapped(env.ARCHIVE, ["get", "head", "put", "delete", "list"]) },
    calls: () => calls,
  };
}
