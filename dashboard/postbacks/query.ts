/** Requests about targets and sources of postbacks, about a target's postbacks, and a source's waiting ones. */
import { client } from "../api.ts";
import { query } from "../reports.ts";

const PAGE = "100";

export const targets = (project_id: string) =>
  query("postbacks", { project_id }, (asked, options) => client.postbacks.$get({ query: asked }, options));

export const sources = (project_id: string) =>
  query("sources", { project_id }, (asked, options) => client.sources.$get({ query: asked }, options));

export const waiting = (id: string) =>
  query("waiting", { id }, (_, options) =>
    client.sources[":id"].waiting.$get({ param: { id }, query: { limit: PAGE } }, options),
  );

/** The newest. */
export const tries = (id: string) =>
  query("postback tries", { id }, (_, options) =>
    client.postbacks[":id"].log.$get({ param: { id }, query: { limit: PAGE } }, options),
  );
