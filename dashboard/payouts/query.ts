/** Requests about payouts: the statement of the month in which the period ends, its conversions, the rules of both kinds. */
import { client } from "../api.ts";
import { aboutOf, csvOf, datedOf, given, query } from "../reports.ts";
import type { Scope } from "../scope.ts";

const monthly = (scope: Scope) => ({ ...aboutOf("statements", scope), month: scope.to.slice(0, 7) });

export const statement = (scope: Scope) =>
  query("statement", monthly(scope), (asked, options) => client.statements.$get({ query: asked }, options));
export const statementCsv = (scope: Scope): string => csvOf(client.statements.$url({ query: given(monthly(scope)) }));

/** Only those conversions of the period that have a status or a reason. */
type Only = { status?: "pending"; reason?: "flagged" };

export const conversions = (scope: Scope, only: Only, cursor: string | number | undefined) =>
  query(
    "conversions",
    { ...datedOf("conversions", scope), ...only, cursor: cursor === undefined ? undefined : String(cursor) },
    (asked, options) => client.conversions.$get({ query: asked }, options),
  );

export const conversion = (project_id: string, event_id: string) =>
  query(`conversion ${event_id}`, { project_id }, (asked, options) =>
    client.conversions[":event_id"].$get({ param: { event_id }, query: asked }, options),
  );

export const payoutRules = (project_id: string) =>
  query("payout rules", { project_id }, (asked, options) => client["payout-rules"].$get({ query: asked }, options));

export const clickRules = (project_id: string) =>
  query("click rules", { project_id }, (asked, options) => client["click-rules"].$get({ query: asked }, options));
