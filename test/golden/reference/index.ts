/** The truth of every report, by its own derivation from the raw events: shares neither code nor SQL with the product. */
import type { StoredEvent } from "../../../worker/event.ts";
import { type Report, takeApart } from "./ask.ts";
import { bots } from "./bots.ts";
import { campaigns } from "./campaigns.ts";
import { openFacts } from "./database.ts";
import { funnel } from "./funnel.ts";
import { metrics } from "./metrics.ts";
import { players } from "./players.ts";

const REPORTS: Record<string, Report> = { metrics, campaigns, funnel, bots, players };

/** Answers as JSON what the product should answer at this address, for a key limited to these tags (null: not). */
export type Reference = (address: string, tags: string[] | null) => Promise<unknown>;

/** `sent` in the order of arrival. */
export async function openReference(sent: readonly StoredEvent[]): Promise<Reference> {
  const select = await openFacts(sent);
  return (address, tags) => {
    const { name, ask } = takeApart(address, tags, select);
    const report = REPORTS[name];
    if (!report) throw new Error(`The reference has no report ${name}`);
    return report(ask);
  };
}
