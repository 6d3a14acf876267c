import { addDays } from "../../worker/calendar.ts";
import { BEFORE } from "../../worker/reports/anomalies/band.ts";
import { client } from "../api.ts";
import type { Period } from "../period.ts";
import { aboutOf, csvOf, datedOf, given, query, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";

/** The most days that the API searches in one request. */
export const MOST_DAYS = 92;

/** The last days of the period, as many as one request allows. */
export function daysLookedAt({ from, to, today }: Pick<Scope, "from" | "to" | "today">): Period {
  const last = to < today ? to : today;
  const first = addDays(last, 1 - MOST_DAYS);
  return from > first ? { from, to } : { from: first, to: last };
}

export const anomalies = (scope: Scope) =>
  query("anomalies", datedOf("anomalies", scope, daysLookedAt(scope)), (asked, options) =>
    client.anomalies.$get({ query: asked }, options),
  );

export const anomaliesCsv = (scope: Scope): string =>
  csvOf(client.anomalies.$url({ query: given(datedOf("anomalies", scope, daysLookedAt(scope))) }));

export type Anomalies = Awaited<ReturnType<ReturnType<typeof anomalies>["ask"]>>;
export type Anomaly = Anomalies["rows"][number];

/** The days that are drawn around an anomaly, and the number of weeks before them that the band is computed from. */
const [BACK, ON] = [27, 7];
export function drawnDays({ event_date }: Anomaly, today: string): Period {
  const to = addDays(event_date, ON);
  return { from: addDays(event_date, -BACK), to: to < today ? to : today };
}

/** Events by type and day, of the anomaly's tag or of all tags. */
export function seriesAbout(scope: Scope, anomaly: Anomaly) {
  const { from, to } = drawnDays(anomaly, scope.today);
  const banner_tag = anomaly.banner_tag === null ? [] : [anomaly.banner_tag];
  const asked = { ...aboutOf("metrics", scope), banner_tag, from: addDays(from, -BEFORE), to };
  return queryAll("metrics", asked, (query, options) => client.metrics.$get({ query }, options));
}
