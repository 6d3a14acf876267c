/** All reports. A new one is a file and a line here. */
import { Hono } from "hono";
import type { ExtractSchema } from "hono/types";
import type { App } from "../http/principal.ts";
import { anomalies } from "./anomalies.ts";
import { bots } from "./bots.ts";
import { campaigns } from "./campaigns.ts";
import { cohorts } from "./cohorts.ts";
import { funnel } from "./funnel.ts";
import { kpis } from "./kpis.ts";
import { ltv } from "./ltv.ts";
import { metrics } from "./metrics.ts";
import { player } from "./players.ts";
import type { Described } from "./report.ts";
import { revenue } from "./revenue.ts";

const ALL = [metrics, funnel, cohorts, campaigns, player, bots, revenue, ltv, kpis, anomalies] as const;

export const REPORTS: readonly Described[] = ALL;

export const reportRoutes = ALL.reduce(
  (routes, { routes: own }) => routes.route("/", own as unknown as Hono<App>),
  new Hono<App>(),
) as Hono<App, ExtractSchema<(typeof ALL)[number]["routes"]>>;
