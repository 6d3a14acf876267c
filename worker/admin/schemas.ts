/** The schema registry: versions of a JSON Schema for each event type, and what is done with events that break them. */

import { and, desc, eq, sql } from "drizzle-orm";
import * as z from "zod";
import { eventType, projectId } from "../event.ts";
import { json } from "../http/operation.ts";
import { page, paged, pageParameters } from "../http/page.ts";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { forgetProjects } from "../project.ts";
import { type Drift, driftOf } from "../registry/drift.ts";
import { readSchema } from "../registry/vocabulary.ts";
import { instant, text, whole } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";
import { SCHEMA_MODES, schemas, schemaVersions } from "../store/schema.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";
import { ownState, register, type State, setMode, stateOf, type Version, versionsOf } from "./schema-versions.ts";

const mode = z.enum(SCHEMA_MODES, `must be one of ${SCHEMA_MODES.join(", ")}`);
export const newSchema = z.strictObject({
  project_id: projectId.optional(),
  event_type: eventType,
  schema: z.record(z.string(), z.unknown(), "must be a JSON Schema, as an object"),
  /** Absent: as it is; `warn` for a type's first. */
  mode: mode.optional(),
});
export const schemaChanges = z.strictObject({ mode });
/** `none` takes an incompatible change all the same; the audit log says so, and where it is incompatible. */
export const registration = z.strictObject({
  compatibility: z.enum(["required", "none"], "must be required or none").default("required"),
});
export const projectQuery = z.strictObject({ project_id: projectId.optional() });
export const schemasQuery = z.strictObject({ ...pageParameters, event_type: eventType.optional() });

const inRegistry = { project_id: text, event_type: text, version: whole, mode: z.enum(SCHEMA_MODES) };
const schemaVersion = z
  .object({
    ...inRegistry,
    current: z.boolean().describe("Whether it is the version in force."),
    schema: z.record(z.string(), z.unknown()).describe("JSON Schema."),
    created_at: instant,
  })
  .meta({ id: "SchemaVersion" });
const schemaFields = { ...inRegistry, retired_at: instant.nullable() };
const schemaView = z.object(schemaFields).meta({ id: "Schema" });
const affected = { field: text, events: whole, example_event_id: text };
const drift = z
  .object({
    sample: z.object({ events: whole, since: instant.nullable(), complete: z.boolean() }),
    unnamed: z
      .array(z.object({ ...affected, types: z.array(z.string()) }))
      .describe("Keys that the schema does not name."),
    never_seen: z.array(z.string()).describe("Fields that it names and that never come."),
    violations: z.array(z.object({ ...affected, message: text })).describe("What breaks it."),
  })
  .meta({ id: "Drift" });
const schemaHistory = z
  .object({ ...schemaFields, versions: z.array(schemaVersion), drift })
  .meta({ id: "SchemaHistory" });
const BOSS = {
  event_type: "boss_defeated",
  schema: { type: "object", properties: { data: { type: "object", properties: { level: { type: "integer" } } } } },
};
export type SchemaVersionView = z.output<typeof schemaVersion>;
export type SchemaView = z.output<typeof schemaView>;

const view = ({ retired_at, ...state }: State): SchemaView => ({
  ...state,
  retired_at: iso(retired_at),
});
/** Only the version in force has a mode other than off. */
const viewVersion = ({ id: _, ...row }: Version, state: State | undefined): SchemaVersionView => {
  const current = state?.retired_at === null && state.version === row.version;
  return { ...row, current, mode: current ? state.mode : "off", created_at: iso(row.created_at) };
};

async function driftIn(db: Database, principal: Principal, project_id: string, event_type: string): Promise<Drift> {
  const [state, [last]] = await Promise.all([
    stateOf(db, project_id, event_type),
    versionsOf(db, project_id, event_type),
  ]);
  const reading = last && state?.retired_at === null ? readSchema(last.schema) : undefined;
  const asked = { project_id, event_type, banner_tags: principal.banner_tags };
  return driftOf(db, asked, { schema: reading?.ok ? reading.schema : null, version: last?.version ?? 0 });
}

export const schemaRoutes = [
  route(
    {
      id: "listSchemas",
      method: "get",
      path: "/schemas",
      tag: "Schemas",
      role: "analyst",
      summary: "List versions of schemas",
      description: "Every version of every event type, and which one is in force. `event_type` narrows it to one type.",
      query: schemasQuery,
      answers: { 200: { description: "The newest first.", content: json(paged(schemaVersion)) } },
    },
    async ({ db, query, projectFor }) => {
      const { limit, cursor, event_type, project_id: named } = query;
      const { project_id } = await projectFor(named);
      const [states, rows] = await Promise.all([
        db.select().from(schemas).where(eq(schemas.project_id, project_id)),
        db
          .select()
          .from(schemaVersions)
          .where(
            and(
              eq(schemaVersions.project_id, project_id),
              sql`${schemaVersions.id} < ${cursor ?? Number.MAX_SAFE_INTEGER}`,
              event_type === undefined ? undefined : eq(schemaVersions.event_type, event_type),
            ),
          )
          .orderBy(desc(schemaVersions.id))
          .limit(limit + 1),
      ]);
      const { rows: shown, next_cursor } = page(rows, limit, (row) => row.id);
      const stateFor = (type: string) => states.find((state) => state.event_type === type);
      return { rows: shown.map((row) => viewVersion(row, stateFor(row.event_type))), next_cursor };
    },
  ),
  route(
    {
      id: "registerSchema",
      method: "post",
      path: "/schemas",
      tag: "Schemas",
      role: "admin",
      summary: "Register a schema for an event type",
      description: "A change that would refuse what the version in force accepts is refused.",
      query: registration,
      body: { schema: newSchema, examples: { "A type of your own": BOSS } },
      answers: {
        200: { description: "It is the version in force already.", content: json(schemaVersion) },
        201: { description: "The new version, in force from now on.", content: json(schemaVersion) },
      },
      problems: [409],
    },
    async ({ c, db, principal, query, readBody, projectFor }) => {
      const { project_id: named, ...given } = await readBody();
      const { project_id } = await projectFor(named);
      const { version, created } = await register(db, principal, {
        ...given,
        ...query,
        project_id,
      });
      forgetProjects();
      const state = await stateOf(db, project_id, given.event_type);
      c.status(created ? 201 : 200);
      return viewVersion(version, state);
    },
  ),
  route(
    {
      id: "getSchema",
      method: "get",
      path: "/schemas/:event_type",
      tag: "Schemas",
      role: "analyst",
      summary: "One type's versions and drift",
      description: "With how far the newest events differ from the version in force.",
      query: projectQuery,
      answers: { 200: { description: "The newest version first.", content: json(schemaHistory) } },
      problems: [404],
    },
    async ({ db, principal, params, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      const state = await ownState(db, project_id, params.event_type);
      const versions = await versionsOf(db, project_id, state.event_type);
      const drift = await driftIn(db, principal, project_id, state.event_type);
      return { ...view(state), versions: versions.map((row) => viewVersion(row, state)), drift };
    },
  ),
  /** Also for a type without a schema: it shows the keys that a first schema could name. */
  route(
    {
      id: "getDrift",
      method: "get",
      path: "/schemas/:event_type/drift",
      tag: "Schemas",
      role: "analyst",
      summary: "How far events and schema have drifted apart",
      description: "Fields that the schema does not name, fields that never come, and what breaks it.",
      query: projectQuery,
      answers: { 200: { description: "Of the newest events of the type.", content: json(drift) } },
    },
    async ({ db, principal, params, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      return await driftIn(db, principal, project_id, params.event_type);
    },
  ),
  route(
    {
      id: "changeSchema",
      method: "patch",
      path: "/schemas/:event_type",
      tag: "Schemas",
      role: "admin",
      summary: "Change what a schema does",
      description:
        "The mode (`off`, `warn`, `enforce`), or the version in force. The versions themselves never change.",
      query: projectQuery,
      body: { schema: schemaChanges, examples: { Enforce: { mode: "enforce" } } },
      answers: { 200: { description: "As it is now.", content: json(schemaView) } },
      problems: [404, 409],
      audit: "schema.change",
    },
    async ({ db, params, query, readBody, projectFor, act }) => {
      const { project_id } = await projectFor(query.project_id);
      const { mode } = await readBody();
      const state = await ownState(db, project_id, params.event_type);
      const { event_type } = state;
      if (state.retired_at !== null)
        throw new Problem(409, `The schema of ${event_type} is retired; register it again.`);
      const what = { project_id, subject: event_type, details: { mode } };
      await act(what, [setMode(state, mode)]);
      forgetProjects();
      return view(await ownState(db, project_id, event_type));
    },
  ),
  route(
    {
      id: "retireSchema",
      method: "delete",
      path: "/schemas/:event_type",
      tag: "Schemas",
      role: "admin",
      summary: "Retire a schema",
      description: "Events of this type are no longer checked. Its versions stay, and a new one brings it back.",
      query: projectQuery,
      answers: { 204: { description: "It judges no event any more; its versions stay." } },
      problems: [404],
      audit: "schema.retire",
    },
    async ({ db, params, query, projectFor, act, now }) => {
      const { project_id } = await projectFor(query.project_id);
      const { event_type, retired_at } = await ownState(db, project_id, params.event_type);
      if (retired_at === null) {
        const retire = sql`UPDATE schemas SET mode = 'off', retired_at = ${now}
        WHERE project_id = ${project_id} AND event_type = ${event_type}`;
        await act({ project_id, subject: event_type }, [retire]);
        forgetProjects();
      }
    },
  ),
] as const;
