/** Requests of the campaign table, the cards and the chart's comparison. */
import { addDays } from "../../worker/calendar.ts";
import { client } from "../api.ts";
import { inCurrency } from "../currency.ts";
import { csvOf, datedOf, given, query } from "../reports.ts";
import type { Scope } from "../scope.ts";

const asked = (scope: Scope) => {
  const { compare, compare_from, compare_to } = scope.address;
  return {
    ...datedOf("campaigns", scope),
    ...inCurrency(scope),
    compare: compare === "none" ? undefined : compare,
    compare_from,
    compare_to,
  };
};

/** A day that is not over is not compared. If it is the only one, there is no comparison. */
export const campaigns = (scope: Scope) =>
  query(
    "campaigns",
    {
      ...asked(scope),
      compare_until: scope.address.compare !== "none" && isRunning(scope) ? addDays(scope.today, -1) : undefined,
    },
    (asked, options) => client.campaigns.$get({ query: asked }, options),
  );

/** Whether the period has both past days and one that is not over. */
const isRunning = ({ from, to, today }: Scope): boolean => from < today && today <= to;

export const campaignsCsv = (scope: Scope): string =>
  csvOf(client.campaigns.$url({ query: given({ ...asked(scope), sort: scope.address.sort }) }));
