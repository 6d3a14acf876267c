/** Checks an event by the schema of its type, where its project has one. */
import { and, eq, ne } from "drizzle-orm";
import type { FieldError } from "../event.ts";
import { SETTINGS_TTL_MS } from "../project.ts";
import { openDatabase, type SchemaMode, schemas, schemaVersions } from "../schema.ts";
import { fieldOf, instanceOf, type Seen } from "./instance.ts";
import { type Check, compile } from "./validation.ts";
import { readSchema } from "./vocabulary.ts";

export type Verdict = { status: "ok" } | { status: "warned" | "refused"; version: number; errors: FieldError[] };

const MOST_ERRORS = 20;
const MOST_PROJECTS = 1_000;
const MOST_CHECKS = 500;
const OK: Verdict = { status: "ok" };

/** How the tables meet. */
export const versionInForce = and(
  eq(schemaVersions.project_id, schemas.project_id),
  eq(schemaVersions.event_type, schemas.event_type),
  eq(schemaVersions.version, schemas.version),
);

/** What a project checks: no more than the numbers, so that it is cheap to read again. */
type InForce = ReadonlyMap<string, { id: number; version: number; mode: SchemaMode }>;
const known = new Map<string, { inForce: InForce; until: number }>();
/** By the version's id. A version never changes, so what was made of it stays. */
const checks = new Map<number, Check>();
/** Goes up with each registration in this isolate: what was being read meanwhile may be older, and is not kept. */
let registrations = 0;

async function inForceIn(env: Env, project_id: string, now: number): Promise<InForce> {
  const cached = known.get(project_id);
  if (cached && now < cached.until) return cached.inForce;
  const before = registrations;
  try {
    const rows = await openDatabase(env.DB)
      .select({
        event_type: schemas.event_type,
        id: schemaVersions.id,
        version: schemas.version,
        mode: schemas.mode,
      })
      .from(schemas)
      .innerJoin(schemaVersions, versionInForce)
      .where(and(eq(schemas.project_id, project_id), ne(schemas.mode, "off")));
    const inForce: InForce = new Map(rows.map(({ event_type, ...row }) => [event_type, row]));
    if (known.size >= MOST_PROJECTS) known.clear();
    if (before === registrations) known.set(project_id, { inForce, until: now + SETTINGS_TTL_MS });
    return inForce;
  } catch (error) {
    if (cached) return cached.inForce;
    throw error;
  }
}

async function checkOf(env: Env, id: number): Promise<Check> {
  const made = checks.get(id);
  if (made) return made;
  const [row] = await openDatabase(env.DB)
    .select({ schema: schemaVersions.schema })
    .from(schemaVersions)
    .where(eq(schemaVersions.id, id));
  const reading = readSchema(row?.schema);
  if (!reading.ok) throw new Error(`schema ${id} cannot be read: ${reading.faults[0]?.message}`);
  const check = compile(reading.schema);
  if (checks.size >= MOST_CHECKS) checks.clear();
  checks.set(id, check);
  return check;
}

/** Where the database does not answer, what was last known holds. */
export async function checkSchema(
  env: Env,
  project_id: string,
  event_type: string,
  event: Seen,
  now: number,
): Promise<Verdict> {
  const current = (await inForceIn(env, project_id, now)).get(event_type);
  if (!current) return OK;
  const { id, version, mode } = current;
  const errors = errorsOf(await checkOf(env, id), event, version);
  return errors.length === 0 ? OK : { status: mode === "enforce" ? "refused" : "warned", version, errors };
}

/** What is wrong with an event, in words for its sender. */
export function errorsOf(check: Check, event: Seen, version: number): FieldError[] {
  const errors: FieldError[] = [];
  for (const { path, message } of check(instanceOf(event))) {
    const field = fieldOf(path);
    if (errors.length < MOST_ERRORS && !errors.some((error) => error.field === field))
      errors.push({ field, code: "schema_violation", message: `${field} ${message} (schema version ${version})` });
  }
  return errors;
}

/** Makes the next check in this isolate read again. */
export function forgetSchemas(): void {
  registrations++;
  known.clear();
}
