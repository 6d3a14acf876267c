import { client } from "../api.ts";
import { query } from "../reports.ts";

export const projections = () => query("projections", {}, (_, options) => client.projections.$get({}, options));

/** All projects are in it: for keys of all projects. */
export const archive = () => query("archive", {}, (_, options) => client.archive.$get({}, options));
