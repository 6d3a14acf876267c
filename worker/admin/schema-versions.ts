/** The versions of an event type's schema: read, compared with the one in force, and registered. */

import { and, desc, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { versionInForce } from "../project.ts";
import { incompatibilities } from "../registry/compatibility.ts";
import { canonical, type Fault, readSchema, type SchemaReading } from "../registry/vocabulary.ts";
import type { Database } from "../store/database.ts";
import { isTaken } from "../store/guard.ts";
import { type SchemaMode, schemas, schemaVersions } from "../store/schema.ts";
import { act } from "./audit.ts";

const MOST_TYPES = 200;
/** The most tries: a request that loses a race for a number reads again, and nobody loses this many by chance. */
const MOST_ATTEMPTS = 10;
const VERSIONS_SHOWN = 100;

export type State = typeof schemas.$inferSelect;
export type Version = typeof schemaVersions.$inferSelect;

/** D1 answers from its primary, because no session that allows replicas is opened. So a read sees what was written before. */
export async function stateOf(db: Database, project_id: string, event_type: string): Promise<State | undefined> {
  const [state] = await db
    .select()
    .from(schemas)
    .where(and(eq(schemas.project_id, project_id), eq(schemas.event_type, event_type)));
  return state;
}

export async function versionsOf(db: Database, project_id: string, event_type: string): Promise<Version[]> {
  return db
    .select()
    .from(schemaVersions)
    .where(and(eq(schemaVersions.project_id, project_id), eq(schemaVersions.event_type, event_type)))
    .orderBy(desc(schemaVersions.version))
    .limit(VERSIONS_SHOWN);
}

/** Not by the version that was read: a registration meanwhile stays in force, under the new mode. */
export const setMode = ({ project_id, event_type }: State, mode: SchemaMode): SQL =>
  sql`UPDATE schemas SET mode = ${mode}
    WHERE project_id = ${project_id} AND event_type = ${event_type} AND retired_at IS NULL`;

/** The requested mode; otherwise the mode stays, which is read in the same statement. */
const putInForce = (project_id: string, event_type: string, version: number, mode: SchemaMode | undefined): SQL =>
  sql`INSERT INTO schemas (project_id, event_type, version, mode)
    VALUES (${project_id}, ${event_type}, ${version}, ${mode ?? "warn"})
    ON CONFLICT DO UPDATE SET version = excluded.version, retired_at = NULL,
      mode = ${mode === undefined ? sql`CASE WHEN retired_at IS NULL THEN mode ELSE excluded.mode END` : sql`excluded.mode`}`;

const complain = (status: 400 | 409, detail: string, code: string, faults: Fault[]): Problem =>
  new Problem(status, `${detail}: ${faults.map(({ pointer, message }) => `${pointer} ${message}`).join("; ")}`, {
    errors: faults.map(({ pointer, message }) => ({ field: pointer, code, message })),
  });

type Readable = Extract<SchemaReading, { ok: true }>;
type Registration = {
  project_id: string;
  event_type: string;
  schema: Record<string, unknown>;
  mode?: SchemaMode | undefined;
  compatibility: "required" | "none";
};

/**
 * One attempt to register. Null: somebody else took the number meanwhile. The number is one up from the version that
 * was compared with, so taking it proves that no other came in between.
 */
async function attempt(
  db: Database,
  principal: Principal,
  now: number,
  given: Registration,
  reading: Readable,
): Promise<{ version: Version; created: boolean } | null> {
  const { project_id, event_type, mode } = given;
  // One query: what is compared with, and whether it is in force, are of one moment.
  const [before] = await db
    .select()
    .from(schemas)
    .innerJoin(schemaVersions, versionInForce)
    .where(and(eq(schemas.project_id, project_id), eq(schemas.event_type, event_type)));
  const last = before?.schema_versions;
  const live = before?.schemas.retired_at === null;
  const what = { project_id, action: "schema.register", subject: event_type };

  if (live && last && canonical(last.schema) === canonical(given.schema)) {
    if (mode !== undefined && mode !== before.schemas.mode)
      await act(db, principal, now, { ...what, action: "schema.change", details: { mode } }, [
        setMode(before.schemas, mode),
      ]);
    return { version: last, created: false };
  }
  let overridden: Fault[] = [];
  if (live && last) {
    const old = readSchema(last.schema);
    const faults = old.ok ? incompatibilities(old.schema, reading.schema, reading.places) : [];
    if (given.compatibility === "none") overridden = faults;
    else if (faults.length > 0) {
      const detail = `It would refuse what version ${last.version} of ${event_type} accepts`;
      throw complain(409, detail, "incompatible", faults);
    }
  } else {
    const types = await db.$count(schemas, and(eq(schemas.project_id, project_id), isNull(schemas.retired_at)));
    if (types >= MOST_TYPES) throw new Problem(409, `A project can have schemas for ${MOST_TYPES} event types.`);
  }
  const version = (last?.version ?? 0) + 1;
  const row = { project_id, event_type, version, schema: given.schema, created_at: now };
  try {
    const details = {
      version,
      ...(mode && { mode }),
      ...(overridden.length > 0 && { compatibility: "none", incompatible: overridden.map(({ pointer }) => pointer) }),
    };
    await act(db, principal, now, { ...what, details }, [
      db.insert(schemaVersions).values(row).getSQL(),
      putInForce(project_id, event_type, version, mode),
    ]);
  } catch (error) {
    if (isTaken(error, "schema_versions")) return null;
    throw error;
  }
  return { version: { ...row, id: 0 }, created: true };
}

export async function register(db: Database, principal: Principal, given: Registration) {
  const reading = readSchema(given.schema);
  if (!reading.ok) throw complain(400, "The schema is not taken", "invalid", reading.faults);
  for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts++) {
    const registered = await attempt(db, principal, Date.now(), given, reading);
    if (registered) return registered;
  }
  throw new Problem(409, `Others are registering ${given.event_type} at this moment. Please try again.`);
}

export async function ownState(db: Database, project_id: string, event_type: string): Promise<State> {
  const state = await stateOf(db, project_id, event_type);
  if (!state) throw new Problem(404, `${project_id} has no schema of ${event_type}.`);
  return state;
}
