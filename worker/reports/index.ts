/** All reports. A new one needs a file, and a line here. */
import { Hono } from "hono";
import type { ExtractSchema } from "hono/types";
import type { App } from "../http/principal.ts";
import { aggregatedReport, aggregatedReports } from "./aggregates.ts";
import { anomalies } from "./anomalies.ts";
import { bots } from "./bots.ts";
import { campaigns } from "./campaigns.ts";
import { cohorts } from "./cohorts.ts";
import { conversion, conversions } from "./conversions.ts";
import { event } from "./event.ts";
import { events } from "./events.ts";
import { funnel } from "./funnel.ts";
import { kpis } from "./kpis.ts";
import { leaderboard } from "./leaderboard.ts";
import { ltv } from "./ltv.ts";
import { metrics } from "./metrics.ts";
import { player } from "./player.ts";
import { playerStats } from "./player-stats.ts";
import { players } from "./players.ts";
import { profiles } from "./profiles.ts";
import type { Described } from "./report.ts";
import { revenue } from "./revenue.ts";
import { series } from "./series/series.ts";
import { statements } from "./statements.ts";
import { timeline } from "./timeline.ts";
import { traffic } from "./traffic.ts";

const ALL = [
  metrics,
  series,
  funnel,
  cohorts,
  campaigns,
  traffic,
  players,
  player,
  playerStats,
  timeline,
  profiles,
  leaderboard,
  events,
  event,
  bots,
  revenue,
  ltv,
  kpis,
  aggregatedReports,
  aggregatedReport,
  anomalies,
  statements,
  conversions,
  conversion,
] as const;

export const REPORTS: readonly Described[] = ALL;

export const reportRoutes = ALL.reduce(
  (routes, { routes: routesOfReport }) => routes.route("/", routesOfReport as unknown as Hono<App>),
  new Hono<App>(),
) as Hono<App, ExtractSchema<(typeof ALL)[number]["routes"]>>;
