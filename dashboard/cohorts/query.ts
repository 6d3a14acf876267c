import { daysBetween } from "../../worker/calendar.ts";
import { client } from "../api.ts";
import { inCurrency, inOwn } from "../currency.ts";
import type { Period } from "../period.ts";
import { csvOf, datedOf, given, query } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";

export const COHORTS = { day: words.cohorts.days, week: words.cohorts.weeks, month: words.cohorts.months } as const;
export type Cohort = keyof typeof COHORTS;

/** The interval in the address, or else one that suits the length of the period. */
export function cohortOf({ address: { interval }, from, to }: Scope): Cohort {
  if (interval !== "auto" && interval !== "hour") return interval;
  const days = daysBetween(from, to);
  return days <= 14 ? "day" : days <= 366 ? "week" : "month";
}

const asked = (scope: Scope, period: Period = scope) => ({
  ...datedOf("cohorts", scope, period),
  ...inCurrency(scope),
  interval: cohortOf(scope),
  group_by: scope.address.group_by === "banner_tag" ? ("banner_tag" as const) : undefined,
});

/** `period` may differ from the address's, for a comparison. */
export const cohorts = (scope: Scope, period?: Period) =>
  inOwn(query("cohorts", asked(scope, period), (asked, options) => client.cohorts.$get({ query: asked }, options)));

export const cohortsCsv = (scope: Scope): string => csvOf(client.cohorts.$url({ query: given(asked(scope)) }));

export type Cohorts = Awaited<ReturnType<ReturnType<typeof cohorts>["ask"]>>;
export type CohortRow = Cohorts["rows"][number];
