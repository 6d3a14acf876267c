/** What is asked about targets of postbacks, and about what was sent to one. */
import { client } from "../api.ts";
import { query } from "../reports.ts";

const PAGE = "100";

export const targets = (project_id: string) =>
  query("postbacks", { project_id }, (asked, options) => client.postbacks.$get({ query: asked }, options));

/** The newest. */
export const tries = (id: string) =>
  query("postback tries", { id }, (_, options) =>
    client.postbacks[":id"].log.$get({ param: { id }, query: { limit: PAGE } }, options),
  );
