import { client } from "../api.ts";
import { aboutOf, query } from "../reports.ts";
import type { Scope } from "../scope.ts";

/** The segments; the players have a view of their own. */
export const ltv = (scope: Scope) =>
  query("ltv", { ...aboutOf("ltv", scope), limit: 1 }, ({ limit, ...asked }, options) =>
    client.ltv.$get({ query: { ...asked, limit: String(limit) } }, options),
  );

export type Ltv = Awaited<ReturnType<ReturnType<typeof ltv>["ask"]>>;
export type Segment = Ltv["segments"][number];
