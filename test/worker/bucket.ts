/** The archive in tests: the bucket's contents, and bindings that fail on demand. */
import { env } from "cloudflare:workers";
import { readFile } from "../../worker/archive/bucket.ts";
import type { Manifest } from "../../worker/archive/manifest.ts";
import type { Row } from "../../worker/archive/parquet.ts";
import { type Guard, guarded, guardedDatabase } from "./database.ts";

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

/** The events that a reader finds with the bucket's manifest alone. */
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

export type Fault = { fault: (typeof FAULTS)[number]; nth: number };

/**
 * The environment, in which the `nth` call of bucket and database, counted together, fails without effect, or is the last
 * one with an effect, as when the machine stops. `calls` is the number of calls; `faults` are all possible faults: for a
 * call that only reads, being the last one equals the fault of the call before it.
 */
export function faulty(nth: number, fault: (typeof FAULTS)[number]): { env: Env; calls(): number; faults(): Fault[] } {
  let calls = 0;
  const writes: number[] = [];
  const guard: Guard = async (act, reads) => {
    calls++;
    if (!reads) writes.push(calls);
    if (fault === "fails" ? calls === nth : calls > nth) throw new Crash(`call ${calls}`);
    return act();
  };
  return {
    env: {
      ...env,
      DB: guardedDatabase(guard),
      ARCHIVE: guarded(env.ARCHIVE, { reads: ["get", "head", "list"], writes: ["put", "delete"] }, guard),
    },
    calls: () => calls,
    faults: () => [
      ...Array.from({ length: calls - 1 }, (_, index): Fault => ({ fault: "fails", nth: index + 1 })),
      ...writes.filter((call) => call < calls).map((call): Fault => ({ fault: "is the last", nth: call })),
    ],
  };
}
