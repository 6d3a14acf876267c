import { client } from "../api.ts";
import { query } from "../reports.ts";

/** Of the database that the project is in; undefined is the first. */
export const projections = (shard?: string) =>
  query("projections", { shard }, (asked, options) => client.projections.$get({ query: asked }, options));

/** It covers all projects of a database, so it needs a key for all projects. */
export const archive = (shard?: string) =>
  query("archive", { shard }, (asked, options) => client.archive.$get({ query: asked }, options));
