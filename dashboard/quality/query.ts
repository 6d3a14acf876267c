import { client } from "../api.ts";
import { csvOf, daysOf, given, query, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";

const asked = (scope: Scope) => ({ project_id: scope.address.project_id, ...daysOf(scope) });

/** What bots sent is kept by day, and not by tag. */
export const bots = (scope: Scope) =>
  query("bots", asked(scope), (asked, options) => client.bots.$get({ query: asked }, options));

export const botsCsv = (scope: Scope): string => csvOf(client.bots.$url({ query: given(asked(scope)) }));

/** What people sent, by day. */
export const people = (scope: Scope) =>
  queryAll("metrics", { ...asked(scope), interval: "day" } as const, (asked, options) =>
    client.metrics.$get({ query: asked }, options),
  );
