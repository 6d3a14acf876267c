/** Requests about one person, and about erasures. */
import { client } from "../api.ts";
import { fileOf, query } from "../reports.ts";

export const player = (project_id: string, player_id: string) =>
  query("player", { project_id, player_id }, ({ project_id, player_id }, options) =>
    client.players[":player_id"].$get({ param: { player_id }, query: { project_id } }, options),
  );

/** The address of a player's export. */
export function exportOf(project_id: string, player_id: string, format: "json" | "csv" | "ndjson"): string {
  return fileOf(client.players[":player_id"].export.$url({ param: { player_id }, query: { project_id } }), format);
}

export const erasures = (project_id: string) => (cursor: string | number | undefined) =>
  query(
    "erasures",
    { project_id, limit: "20", cursor: cursor === undefined ? undefined : Number(cursor) },
    (asked, options) => client.erasures.$get({ query: asked }, options),
  );

export const erasure = (id: string) =>
  query("erasure", { id }, ({ id }, options) => client.erasures[":id"].$get({ param: { id } }, options));

export const receiptUrl = (id: string): string => client.erasures[":id"].$url({ param: { id } }).href;
