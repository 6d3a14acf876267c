import { client } from "../api.ts";
import { inCurrency, inOwn } from "../currency.ts";
import type { Period } from "../period.ts";
import { csvOf, datedOf, given, query, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";

/** The fields by which revenue can be grouped. */
export const GROUPS = {
  none: words.common.all,
  app_id: words.common.app,
  platform: words.common.platform,
  currency: words.common.currency,
  banner_tag: words.common.tag,
} as const;
export type Group = keyof typeof GROUPS;
export const NAMES = Object.keys(GROUPS) as Group[];

export const groupOf = ({ address }: Pick<Scope, "address">): Group =>
  NAMES.find((name) => name === address.group_by) ?? "none";

function asked(scope: Scope) {
  const group = groupOf(scope);
  return {
    ...datedOf("revenue", scope),
    ...inCurrency(scope),
    interval: scope.interval === "hour" ? ("hour" as const) : ("day" as const),
    group_by: group === "none" ? undefined : group,
  };
}

export const revenue = (scope: Scope) =>
  inOwn(queryAll("revenue", asked(scope), (asked, options) => client.revenue.$get({ query: asked }, options)));

/** The total of a period. */
export const revenueTotal = (scope: Scope, period: Period) =>
  inOwn(
    query(
      "revenue in all",
      { ...datedOf("revenue", scope, period), ...inCurrency(scope), limit: "1" },
      (asked, options) => client.revenue.$get({ query: asked }, options),
    ),
  );

export const revenueCsv = (scope: Scope): string => csvOf(client.revenue.$url({ query: given(asked(scope)) }));

export type Revenue = Awaited<ReturnType<ReturnType<typeof revenue>["ask"]>>;
export type RevenueRow = Revenue["rows"][number];
