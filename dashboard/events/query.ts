/** Requests about single events. */
import { client } from "../api.ts";
import { datedOf, fileOf, given, query } from "../reports.ts";
import type { Scope } from "../scope.ts";

const asked = (scope: Scope) => {
  const { event_type, player_id, part } = scope.address;
  // A list of payments has only those that count, unless all are asked for.
  const include = part === "all" ? ("all" as const) : ("counted" as const);
  return { ...datedOf("events", scope), event_type, player_id, include };
};

export const events = (scope: Scope, cursor: string | number | undefined) =>
  query("events", { ...asked(scope), cursor: cursor === undefined ? undefined : String(cursor) }, (asked, options) =>
    client.events.$get({ query: asked }, options),
  );
export const eventsFile = (scope: Scope, format: "csv" | "ndjson"): string =>
  fileOf(client.events.$url({ query: given(asked(scope)) }), format);

export const event = ({ address: { project_id } }: Scope, event_id: string) =>
  query(`event ${event_id}`, { project_id }, (asked, options) =>
    client.events[":event_id"].$get({ param: { event_id }, query: asked }, options),
  );
