/** The archive in tests: what is in the bucket, and bindings that fail on demand. */
import { env } from "cloudflare:workers";
import { readFile } from "../../worker/archive/bucket.ts";
import type { Row } from "../../worker/archive/parquet.ts";
import type { Manifest } from "../../worker/archive/manifest.ts";

export async function keysIn(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await env.ARCHIVE.list({ prefix, ...(cursor && { cursor }) });
    keys.push(...page.objects.map(({ key }) => key));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
  return keys;
}

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
  for (const key of await keysIn("")) await env.ARCHIVE.delete(key);
}

export class Crash extends Error {}

/**
 * The environment as it is until the `nth` call of bucket or database, counted together, which fails: before it has done
 * anything, or after it has done all. `calls` tells how many there were.
 */
export function failing(nth: number, when: "before" | "after"): { env: Env; calls(): number } {
  let calls = 0;
  const guard = async <T>(act: () => Promise<T>): Promise<T> => {
    const fails = ++calls === nth;
    if (fails && when === "before") throw new Crash(`call ${nth}`);
    const result = await act();
    if (fails) throw new Crash(`call ${nth}`);
    return result;
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
