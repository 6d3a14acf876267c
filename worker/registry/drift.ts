/**
 * How events in the log differ from a schema: keys in `data` that the schema does not name, fields of the schema that no event
 * has, and events that break the schema. It is computed when it is requested, so that it does not slow down sending.
 */

import { type SQL, sql } from "drizzle-orm";
import type { StoredEvent } from "../event.ts";
import type { Database } from "../store/database.ts";
import { among } from "../store/sql.ts";
import { iso } from "../time.ts";
import { errorsOf } from "./check.ts";
import { fieldOf, instanceOf } from "./instance.ts";
import { accepts, compile } from "./validation.ts";
import type { Schema } from "./vocabulary.ts";

/** The log is read backwards from its end, at most this many rows, */
const LOG_ROWS = 50_000;
/** until this many events of the type are found, */
const EVENTS = 5_000;
/** or this much data, in bytes. */
const DATA_BYTES = 8 * 1024 * 1024;
const PAGE = 500;
const MOST_FIELDS = 200;
const DEPTH = 4;

export type Drift = {
  /** The events that were read. */
  sample: { events: number; since: string | null; complete: boolean };
  unnamed: { field: string; events: number; types: string[]; example_event_id: string }[];
  never_seen: string[];
  violations: { field: string; events: number; message: string; example_event_id: string }[];
};

export type Asked = {
  project_id: string;
  event_type: string;
  /** Null: all tags. */
  banner_tags: string[] | null;
};
type Row = StoredEvent & { seq: number };

function eventsOf({ project_id, event_type, banner_tags }: Asked, from: number, before: number): SQL {
  // There is no index by type, since it would cost a written row for each event: the table is read backwards, without an index.
  return sql`SELECT * FROM events NOT INDEXED WHERE seq >= ${from} AND seq < ${before}
    AND project_id = ${project_id} AND event_type = ${event_type}
    ${banner_tags === null ? sql`` : sql`AND banner_tag ${among(banner_tags)}`}
    ORDER BY seq DESC LIMIT ${PAGE}`;
}

/** `schema` is null where none is registered: then it names no key. */
export async function driftOf(
  db: Database,
  asked: Asked,
  { schema, version }: { schema: Schema | null; version: number },
): Promise<Drift> {
  const { last = 0 } = (await db.get<{ last: number | null }>(sql`SELECT max(seq) AS last FROM events`)) ?? {};
  const from = Math.max(0, (last ?? 0) - LOG_ROWS + 1);
  const gathering = gather(schema, version);
  let before = (last ?? 0) + 1;
  let bytes = 0;
  let found = 0;
  let since: number | null = null;
  let ended = false;
  while (!ended && found < EVENTS && bytes < DATA_BYTES) {
    const rows = await db.all<Row>(eventsOf(asked, from, before));
    for (const row of rows) {
      gathering.add(row);
      bytes += row.data?.length ?? 0;
      since = Math.min(since ?? row.received_at, row.received_at);
    }
    found += rows.length;
    before = rows.at(-1)?.seq ?? from;
    ended = rows.length < PAGE;
  }
  return {
    sample: {
      events: found,
      since: iso(since),
      complete: ended && from <= 1,
    },
    ...gathering.result(),
  };
}

/** Adds up the differences, event by event. */
export function gather(schema: Schema | null, version: number) {
  type Count = { events: number; example_event_id: string };
  const unnamed = new Map<string, Count & { types: Set<string> }>();
  const broken = new Map<string, Count & { message: string }>();
  const check = schema === null ? null : compile(schema);
  const unseen = new Map(namedFields(schema ?? true).map((path) => [path.join("."), path]));

  function add(event: StoredEvent): void {
    const instance = instanceOf(event);
    for (const [key, path] of unseen) if (has(instance, path)) unseen.delete(key);
    const types = new Map<string, string>();
    if (typeof instance.data === "object") walk(instance.data, ["data"], within(schemaOf(schema), "data"), types);
    for (const [field, type] of types) {
      const count = unnamed.get(field);
      if (count) {
        count.events++;
        count.types.add(type);
      } else if (unnamed.size < MOST_FIELDS) {
        unnamed.set(field, { events: 1, types: new Set([type]), example_event_id: event.event_id });
      }
    }
    for (const { field, message } of check ? errorsOf(check, event, version) : []) {
      const count = broken.get(field);
      if (count) count.events++;
      else if (broken.size < MOST_FIELDS) broken.set(field, { events: 1, message, example_event_id: event.event_id });
    }
  }

  const result = () => ({
    unnamed: mostFirst(unnamed).map(([field, { events, types, example_event_id }]) => ({
      field,
      events,
      types: [...types].sort(),
      example_event_id,
    })),
    never_seen: [...unseen.values()].map(fieldOf),
    violations: mostFirst(broken).map(([field, { events, message, example_event_id }]) => ({
      field,
      events,
      message,
      example_event_id,
    })),
  });
  return { add, result };
}

const mostFirst = <Count extends { events: number }>(counts: Map<string, Count>) =>
  [...counts].sort(([a, { events }], [b, other]) => other.events - events || (a < b ? -1 : 1));

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

/** Notes the topmost keys that none of the schemas names. */
function walk(value: unknown, path: string[], schemas: Schema[], types: Map<string, string>): void {
  if (typeof value !== "object" || value === null || path.length > DEPTH) return;
  if (Array.isArray(value)) {
    const items = schemas.flatMap((schema) => itemsOf(schema));
    // A schema without rules for the items of a list names no keys in them: these are not reported as unnamed.
    if (items.length > 0) for (const item of value) walk(item, [...path, "*"], items, types);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    const named = schemas.flatMap((schema) => within([schema], key));
    if (named.length > 0) walk(inner, [...path, key], named, types);
    else types.set(fieldOf([...path, key]), typeOf(inner));
  }
}

const schemaOf = (schema: Schema | null): Schema[] => (schema === null ? [] : [schema]);

/** The schema and all inner schemas for the same value, except `not` and `if`: they only test, and name no fields. */
function together(schema: Schema): Exclude<Schema, boolean>[] {
  if (typeof schema === "boolean") return [];
  const parts = [schema.then, schema.else, ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const dependent = Object.values(schema.dependentSchemas ?? {});
  return [schema, ...[...parts, ...dependent].flatMap((part) => (part === undefined ? [] : together(part)))];
}

/** The schemas of the value under a key; none where no schema names the key. */
function within(schemas: Schema[], key: string): Schema[] {
  return schemas
    .flatMap(together)
    .flatMap(({ properties = {}, patternProperties = {} }) => [
      ...(Object.hasOwn(properties, key) ? [properties[key] as Schema] : []),
      ...Object.entries(patternProperties).flatMap(([pattern, schema]) => (accepts({ pattern }, key) ? [schema] : [])),
    ]);
}

const itemsOf = (schema: Schema): Schema[] =>
  together(schema).flatMap(({ items, prefixItems = [] }) => [...prefixItems, ...(items === undefined ? [] : [items])]);

/** The fields that a schema names, including those inside of other fields. */
function namedFields(schema: Schema, path: string[] = []): string[][] {
  if (path.length > DEPTH) return [];
  const found = together(schema).flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, inner]) =>
      inner === false ? [] : [[...path, name], ...namedFields(inner, [...path, name])],
    ),
  );
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()].slice(0, MOST_FIELDS);
}

function has(value: unknown, [step, ...rest]: string[]): boolean {
  if (step === undefined) return true;
  return (
    typeof value === "object" &&
    value !== null &&
    Object.hasOwn(value, step) &&
    has((value as Record<string, unknown>)[step], rest)
  );
}
