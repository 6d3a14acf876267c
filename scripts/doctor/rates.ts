import { bodyOf } from "./ask.ts";
import { type Check, ok, type Patient, warning, wrong } from "./check.ts";

/** The most projects that are checked one by one. */
const MOST_PROJECTS = 20;

type Amounts = Record<string, string>;
type Revenue = {
  total: { unconverted: Amounts; refunded_unconverted: Amounts; withdrawn_unconverted: Amounts };
};

/** The currencies of payments in the last 30 days that no rate converts. */
async function withoutRate(patient: Patient, projects: readonly { project_id: string }[]): Promise<string[]> {
  const currencies = new Set<string>();
  for (const { project_id } of projects) {
    const { total } = bodyOf<Revenue>(await patient.ask(`/api/v1/revenue?project_id=${project_id}`));
    for (const amounts of [total.unconverted, total.refunded_unconverted, total.withdrawn_unconverted])
      for (const currency of Object.keys(amounts)) currencies.add(currency);
  }
  return [...currencies].sort();
}

const LOAD =
  "Load rates in the dashboard under Exchange rates, or by POST /api/v1/exchange-rates; figures of the past follow.";

export const rates: Check = {
  name: "rates",
  asks: "Can money be converted?",
  async look(patient) {
    const { dependencies, exchange_rates } = patient.health.body;
    const { last_rate_date, error } = exchange_rates;
    const feed = {
      ok: `The feed's newest rates are of ${last_rate_date}.`,
      off: "No feed of exchange rates is set.",
      stale:
        last_rate_date === null
          ? "The feed has not been read yet."
          : `The feed's newest rates are of ${last_rate_date}.`,
      failing: `The feed cannot be read: ${error}.`,
    }[dependencies.exchange_rates];
    // Only a key that may read reports can request this. Without one, only the feed is checked.
    const projects = patient.known.principal?.projects ?? [];
    const lacking = await withoutRate(patient, projects.slice(0, MOST_PROJECTS));
    const among =
      projects.length > MOST_PROJECTS ? ` in the first ${MOST_PROJECTS} of ${projects.length} projects` : "";
    if (lacking.length > 0) {
      const they = lacking.length > 1 ? "these currencies, which have" : "a currency that has";
      return wrong(`${feed} The last 30 days have money in ${they} no rate: ${lacking.join(", ")}.`, LOAD);
    }
    switch (dependencies.exchange_rates) {
      case "stale":
        return warning(feed, `It is read by itself; if this lasts, check ECB_FEED_URL in wrangler.toml. ${LOAD}`);
      case "failing":
        return warning(feed, `It is tried again each hour; the last good rates hold for seven days. ${LOAD}`);
      default:
        return ok(projects.length > 0 ? `${feed} All money of 30 days has a rate${among}.` : feed);
    }
  },
};
