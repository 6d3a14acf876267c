/** What the campaign table, the cards and the chart's comparison ask. */
import { client } from "../api.ts";
import { csvOf, datedOf, given, query } from "../reports.ts";
import type { Scope } from "../scope.ts";

const asked = (scope: Scope) => {
  const { compare } = scope.address;
  return { ...datedOf(scope), compare: compare === "none" ? undefined : compare };
};

export const campaigns = (scope: Scope) =>
  query("campaigns", asked(scope), (asked, options) => client.campaigns.$get({ query: asked }, options));

export const campaignsCsv = (scope: Scope): string =>
  csvOf(client.campaigns.$url({ query: given({ ...asked(scope), sort: scope.address.sort }) }));
