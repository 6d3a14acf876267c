import { client } from "../api.ts";
import { countedOf, SERIES } from "../headline/series.ts";
import { csvOf, datedOf, given, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";

const asked = (scope: Scope) => ({
  ...datedOf("metrics", scope),
  interval: "weekday" as const,
  event_type: SERIES[countedOf(scope.address.series)].event_type,
});

export const hours = (scope: Scope) =>
  queryAll("metrics", asked(scope), (asked, options) => client.metrics.$get({ query: asked }, options));

export const hoursCsv = (scope: Scope): string => csvOf(client.metrics.$url({ query: given(asked(scope)) }));
