/** Requests about apps and their leaderboards. */
import { addDays } from "../../worker/calendar.ts";
import { client } from "../api.ts";
import { inCurrency, inOwn } from "../currency.ts";
import { csvOf, given, query, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";

const projectOf = ({ address: { project_id } }: Scope) => ({ project_id });
const today = (scope: Scope) => ({ ...projectOf(scope), ...inCurrency(scope) });

export const kpis = (scope: Scope) =>
  inOwn(query("kpis of apps", today(scope), (asked, options) => client.kpis.$get({ query: asked }, options)));
export const kpisCsv = (scope: Scope): string => csvOf(client.kpis.$url({ query: given(today(scope)) }));
export type Kpis = Awaited<ReturnType<ReturnType<typeof kpis>["ask"]>>;
export type AppKpis = Kpis["rows"][number];

const SCORED_DAYS = 91;

/** The apps with recent scores, which have a leaderboard. */
export const scored = (scope: Scope) =>
  queryAll(
    "scored",
    {
      ...projectOf(scope),
      from: addDays(scope.today, 1 - SCORED_DAYS),
      to: scope.today,
      event_type: "player_score",
      group_by: "app_id" as const,
    },
    (asked, options) => client.metrics.$get({ query: asked }, options),
  );

export const TOPS = ["10", "100", "1000"] as const;
/** The most rows that the API returns at once. */
const MOST = "1000";
export const topOf = ({ address }: Scope) => TOPS.find((top) => top === address.part) ?? "100";

const asked = (scope: Scope) => {
  const { leaderboard: period, date } = scope.address;
  return { ...projectOf(scope), period, date: period === "alltime" ? undefined : date };
};

export const leaderboard = (scope: Scope, app_id: string) =>
  query(
    `leaderboard ${app_id}`,
    { ...asked(scope), limit: topOf(scope), around: scope.address.player_id },
    (asked, options) => client.games[":app_id"].leaderboard.$get({ param: { app_id }, query: asked }, options),
  );
export const leaderboardCsv = (scope: Scope, app_id: string): string =>
  csvOf(
    client.games[":app_id"].leaderboard.$url({
      param: { app_id },
      query: given({ ...asked(scope), limit: MOST }),
    }),
  );
