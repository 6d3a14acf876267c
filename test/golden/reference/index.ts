/** The expected answer of every report, derived from the raw events without the product's code or SQL. */
import type { StoredEvent } from "../../../worker/event.ts";
import { reports } from "./aggregates.ts";
import { type Ask, type Report, takeApart } from "./ask.ts";
import { bots } from "./bots.ts";
import { campaigns } from "./campaigns.ts";
import { cohorts } from "./cohorts.ts";
import { openFacts } from "./database.ts";
import { funnel } from "./funnel.ts";
import { kpis } from "./kpis.ts";
import { leaderboard } from "./leaderboard.ts";
import { ltv } from "./ltv.ts";
import { metrics } from "./metrics.ts";
import { conversions, statements } from "./payouts.ts";
import { players, profiles } from "./players.ts";
import { revenue } from "./revenue.ts";
import { series } from "./series.ts";
import { traffic } from "./traffic.ts";

/** The reports, by the first part of the path. */
const REPORTS: Record<string, Report> = {
  metrics: (ask) => (ask.rest.length > 0 ? series(ask) : metrics(ask)),
  campaigns,
  traffic,
  funnel,
  cohorts,
  revenue,
  ltv,
  kpis,
  games: leaderboard,
  players,
  profiles,
  reports,
  bots,
  conversions,
  statements,
};

/** The product's expected answer at this address, as JSON, for a key limited to these tags (null: not limited). */
export type Reference = (address: string, tags: string[] | null, changes: Ask["changes"]) => Promise<unknown>;

/** `sent` in the order of arrival. */
export async function openReference(sent: readonly StoredEvent[]): Promise<Reference> {
  const select = await openFacts(sent);
  const kept: Ask["kept"] = new Map();
  return (address, tags, changes) => {
    const { name, ask } = takeApart(address, tags, changes, select, kept);
    const report = REPORTS[name];
    if (!report) throw new Error(`The reference has no report ${name}`);
    return report(ask);
  };
}
