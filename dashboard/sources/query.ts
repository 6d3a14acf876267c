/** Requests about the sources of visitors. */
import { client } from "../api.ts";
import { inCurrency } from "../currency.ts";
import type { Period } from "../period.ts";
import { csvOf, datedOf, daysOf, given, query } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { dimensionOf } from "./dimension.ts";

const asked = (scope: Scope, period: Period) => ({
  ...datedOf("traffic", scope, period),
  ...inCurrency(scope),
  by: dimensionOf(scope.address),
});

export const traffic = (scope: Scope, period: Period = scope) =>
  query("traffic", asked(scope, period), (asked, options) => client.traffic.$get({ query: asked }, options));

export const trafficCsv = (scope: Scope): string => csvOf(client.traffic.$url({ query: given(asked(scope, scope)) }));

/** The latest visits, whose keys of `data` are offered. */
const LOOKED_AT = "200";
export const latestVisits = (scope: Scope) => ({
  ...query(
    "visits",
    { project_id: scope.address.project_id, ...daysOf(scope), event_type: "visit", limit: LOOKED_AT },
    (asked, options) => client.events.$get({ query: asked }, options),
  ),
  steady: true,
});
