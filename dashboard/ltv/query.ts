import { client } from "../api.ts";
import { inCurrency, inOwn } from "../currency.ts";
import { aboutOf, query } from "../reports.ts";
import type { Scope } from "../scope.ts";

/** The segments; the players are in a separate view. */
export const ltv = (scope: Scope) =>
  inOwn(
    query("ltv", { ...aboutOf("ltv", scope), ...inCurrency(scope), limit: "1" }, (asked, options) =>
      client.ltv.$get({ query: asked }, options),
    ),
  );

export type Ltv = Awaited<ReturnType<ReturnType<typeof ltv>["ask"]>>;
export type Segment = Ltv["segments"][number];
