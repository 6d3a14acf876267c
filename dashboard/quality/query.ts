import type { BOTS_BY } from "../../worker/reports/bots.ts";
import { client } from "../api.ts";
import { csvOf, daysOf, given, query, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";

const asked = (scope: Scope) => ({ project_id: scope.address.project_id, ...daysOf(scope) });

/** What bots sent is kept by day, and not by tag. */
export const bots = (scope: Scope) =>
  query("bots", asked(scope), (asked, options) => client.bots.$get({ query: asked }, options));

export const botsCsv = (scope: Scope): string => csvOf(client.bots.$url({ query: given(asked(scope)) }));

/** What events came with. */
const BY = ["banner_tag", "country", "device"] as const satisfies readonly (typeof BOTS_BY)[number][];
export type By = (typeof BY)[number];
export const byOf = ({ address: { group_by } }: Scope): By => BY.find((name) => name === group_by) ?? "banner_tag";

const askedBy = (scope: Scope) => ({ ...asked(scope), by: byOf(scope) });

/** `by` is what the answer is of: it may be shown while another is asked for. */
export function botsBy(scope: Scope) {
  const { key, ask } = query("bots", askedBy(scope), (asked, options) => client.bots.$get({ query: asked }, options));
  return { key, ask: async (signal: AbortSignal) => ({ ...(await ask(signal)), by: byOf(scope) }) };
}

export const botsByCsv = (scope: Scope): string => csvOf(client.bots.$url({ query: given(askedBy(scope)) }));

/** What people sent, by day. */
export const people = (scope: Scope) =>
  queryAll("metrics", { ...asked(scope), interval: "day" } as const, (asked, options) =>
    client.metrics.$get({ query: asked }, options),
  );
