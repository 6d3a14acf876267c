import { client } from "../api.ts";
import { query } from "../reports.ts";

export const projections = () => query("projections", {}, (_, options) => client.projections.$get({}, options));

/** It covers all projects, so it needs a key for all projects. */
export const archive = () => query("archive", {}, (_, options) => client.archive.$get({}, options));
