import type { BOTS_BY } from "../../worker/reports/bots.ts";
import { client } from "../api.ts";
import { csvOf, daysOf, given, query, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";

const asked = (scope: Scope) => ({ project_id: scope.address.project_id, ...daysOf(scope) });

/** Events of bots are counted by day, and not by tag. */
export const bots = (scope: Scope) =>
  query("bots", asked(scope), (asked, options) => client.bots.$get({ query: asked }, options));

export const botsCsv = (scope: Scope): string => csvOf(client.bots.$url({ query: given(asked(scope)) }));

/** The fields by which bots' events can be grouped. */
const BY = ["banner_tag", "country", "device"] as const satisfies readonly (typeof BOTS_BY)[number][];
export type By = (typeof BY)[number];
export const byOf = ({ address: { group_by } }: Scope): By => BY.find((name) => name === group_by) ?? "banner_tag";

const askedBy = (scope: Scope) => ({ ...asked(scope), by: byOf(scope) });

/** `by` is the field of this answer, which may still be shown while another is requested. */
export function botsBy(scope: Scope) {
  const { key, ask } = query("bots", askedBy(scope), (asked, options) => client.bots.$get({ query: asked }, options));
  return { key, ask: async (signal: AbortSignal) => ({ ...(await ask(signal)), by: byOf(scope) }) };
}

export const botsByCsv = (scope: Scope): string => csvOf(client.bots.$url({ query: given(askedBy(scope)) }));

/** Events of people, by day. */
export const people = (scope: Scope) =>
  queryAll("metrics", { ...asked(scope), interval: "day" } as const, (asked, options) =>
    client.metrics.$get({ query: asked }, options),
  );
