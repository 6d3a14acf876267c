import { client } from "../api.ts";
import { query } from "../reports.ts";

/** Those that one may change. */
export const projects = () => query("projects", {}, (_, options) => client.projects.$get({}, options));
