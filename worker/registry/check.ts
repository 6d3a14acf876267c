/** Checks an event by the schema of its type, where its project has one. */
import { eq } from "drizzle-orm";
import type { FieldError } from "../event.ts";
import { findSnapshot } from "../project.ts";
import { Remembered } from "../remembered.ts";
import { findCopy, keepCopy } from "../sealed-copy.ts";
import { databaseOf } from "../store/database.ts";
import { schemaVersions } from "../store/schema.ts";
import { onShard, shardOf } from "../store/shards.ts";
import { fieldOf, instanceOf, type Seen } from "./instance.ts";
import { type Check, compile } from "./validation.ts";
import { readSchema } from "./vocabulary.ts";

export type Verdict = { status: "ok" } | { status: "warned" | "refused"; version: number; errors: FieldError[] };

const MOST_ERRORS = 20;
const MOST_CHECKS = 500;
const OK: Verdict = { status: "ok" };

/** By the shard and the version's id. A version never changes, so its check never expires. */
const checks = new Remembered<Check>(MOST_CHECKS);

const nameOf = (env: Env, id: number): string => `schema ${id} of ${shardOf(env)}`;

async function checkOf(env: Env, id: number, now: number): Promise<Check> {
  const name = nameOf(env, id);
  const made = checks.get(name);
  if (made) return made.value;
  const reading = readSchema(await schemaOf(env, id, now));
  if (!reading.ok) throw new Error(`schema ${id} cannot be read: ${reading.faults[0]?.message}`);
  const value = compile(reading.schema);
  checks.set(name, { value, read_at: now, until: Number.POSITIVE_INFINITY });
  return value;
}

async function schemaOf(env: Env, id: number, now: number): Promise<unknown> {
  const name = nameOf(env, id);
  try {
    const [row] = await databaseOf(env)
      .select({ schema: schemaVersions.schema })
      .from(schemaVersions)
      .where(eq(schemaVersions.id, id));
    if (row) keepCopy(env, name, { value: row.schema, read_at: now });
    return row?.schema;
  } catch (error) {
    const copy = await findCopy(env, name, now);
    if (!copy) throw error;
    return copy.value;
  }
}

/** While the database does not answer, the schemas that were read last are used. */
export async function checkSchema(
  env: Env,
  project_id: string,
  event_type: string,
  event: Seen,
  now: number,
): Promise<Verdict> {
  const snapshot = await findSnapshot(env, project_id, now);
  const current = snapshot?.schemas.find((schema) => schema.event_type === event_type);
  if (!snapshot || !current) return OK;
  const { id, version, mode } = current;
  const check = await checkOf(onShard(env, snapshot.project.shard), id, now);
  const errors = errorsOf(check, event, version);
  return errors.length === 0 ? OK : { status: mode === "enforce" ? "refused" : "warned", version, errors };
}

/** The faults of an event, in words for its sender. */
export function errorsOf(check: Check, event: Seen, version: number): FieldError[] {
  const errors: FieldError[] = [];
  for (const { path, message } of check(instanceOf(event))) {
    const field = fieldOf(path);
    if (errors.length < MOST_ERRORS && !errors.some((error) => error.field === field))
      errors.push({ field, code: "schema_violation", message: `${field} ${message} (schema version ${version})` });
  }
  return errors;
}
