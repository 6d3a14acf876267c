/** The course over time; weeks and months are summed up from days. `period` may be another one, to compare with. */
import { client } from "../api.ts";
import type { Period } from "../period.ts";
import { datedOf, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";

export const metrics = (scope: Scope, period: Period) =>
  queryAll(
    "metrics",
    { ...datedOf("metrics", scope, period), interval: scope.interval === "hour" ? "hour" : "day" } as const,
    (asked, options) => client.metrics.$get({ query: asked }, options),
  );
