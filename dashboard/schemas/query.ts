/** Requests about the schema registry. */
import type { SchemaVersionView } from "../../worker/admin/schemas.ts";
import { client } from "../api.ts";
import { query } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";

export const MODES = { off: words.schemas.off, warn: words.schemas.warn, enforce: words.schemas.enforce };
export const MODE_HINTS = {
  off: words.schemas.eventsOfThisTypeAreNot,
  warn: words.schemas.anEventThatBreaksTheSchema,
  enforce: words.schemas.breakingEventIsRejected,
};

/** The number of versions requested at once; most projects have fewer. */
const MOST = "1000";

export const schemas = ({ address: { project_id } }: Scope) =>
  query("schemas", { project_id, limit: MOST }, (asked, options) => client.schemas.$get({ query: asked }, options));

/** With its versions and its drift. */
export const schemaOf = ({ address: { project_id } }: Scope, event_type: string) =>
  query("schema", { event_type, project_id }, ({ event_type, ...asked }, options) =>
    client.schemas[":event_type"].$get({ param: { event_type }, query: asked }, options),
  );

/** The newest version of each type, with how many there are. */
export type TypeRow = SchemaVersionView & { versions: number };
export const typesOf = (rows: readonly SchemaVersionView[]): TypeRow[] =>
  [...Map.groupBy(rows, ({ event_type }) => event_type).values()].flatMap((versions) => {
    // The newest come first.
    const [last] = versions;
    return last ? [{ ...last, versions: versions.length }] : [];
  });
