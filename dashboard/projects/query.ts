import { client } from "../api.ts";
import { query } from "../reports.ts";

/** The projects that the reader may change. */
export const projects = () => query("projects", {}, (_, options) => client.projects.$get({}, options));
