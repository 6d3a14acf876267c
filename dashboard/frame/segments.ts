import { client } from "../api.ts";
import { query } from "../reports.ts";

/** The saved segments that the reader may use. */
export const segments = (project_id: string | undefined) =>
  query("segments", { project_id }, (asked, options) => client.segments.$get({ query: asked }, options));
