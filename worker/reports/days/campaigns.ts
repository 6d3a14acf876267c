/** The counts and payments of a period, for each tag and for all together, from rows of days. */
import { type Cell, cellsOf, type Divided, type MoneyCell, moneyOf } from "../../figures/cells.ts";
import { type DaysAsked, type DayTexts, readDayTexts } from "../../figures/day-texts.ts";
import { dateNumber } from "../../figures/edits.ts";
import { scopeName } from "../../figures/scopes.ts";
import type { Words } from "../../figures/words.ts";
import type { PaymentType } from "../../money.ts";
import type { Period } from "../period.ts";
import { activeIn, type Depositors, depositorsIn } from "./people.ts";
import { byTag, type DaysScope, together } from "./scope.ts";
import type { Paid } from "./sums.ts";

export type Counts = Record<"visits" | "unique_players" | "registrations" | "deposits", number> & Depositors;
const nothing = (): Counts => ({
  ...{ visits: 0, unique_players: 0, registrations: 0, deposits: 0 },
  ...{ depositors: 0, returning_depositors: 0, first_deposits: 0, new_depositors: 0 },
});

/** The types of payments whose amounts a campaign shows. */
export const CAMPAIGN_PAYMENTS = ["deposit", "refund", "withdrawal"] as const satisfies readonly PaymentType[];

type Payment = Paid & { event_type: (typeof CAMPAIGN_PAYMENTS)[number] };
export type CampaignDays = { counts: Counts; paid: Payment[] };

function addCell(counts: Counts, { event_type, people, events }: Cell): void {
  if (event_type === "visit") counts.visits += events;
  if (event_type === "registration") counts.registrations += people;
  if (event_type === "deposit") counts.deposits += events;
}

function addLife(counts: Counts, life: string, period: Period): void {
  counts.unique_players += activeIn(life, period);
  for (const [name, people] of Object.entries(depositorsIn(life, period))) counts[name as keyof Depositors] += people;
}

const payment = ({ event_date, event_type, currency, payments, whole, fraction }: MoneyCell): Payment => ({
  ...{ event_date, currency, payments, whole, fraction },
  event_type: event_type as Payment["event_type"],
});

/** One database call. Some counts are only in the rows of each tag; the others are in the rows of all tags, divided by tag. */
export async function campaignsOfDays(
  db: D1Database,
  scope: DaysScope,
  period: Period,
): Promise<{ campaigns: Map<string, CampaignDays>; total: CampaignDays }> {
  const everyone = {
    ...period,
    wanted: together(scope),
    columns: ["counts", "life", "cells"],
  } as const satisfies DaysAsked<"counts" | "life" | "cells">;
  const each = { ...period, wanted: byTag(scope), columns: ["life"] } as const satisfies DaysAsked<"life">;
  const [all, tags] = await readDayTexts(db, scope, [everyone, each]);
  const campaigns = new Map<string, CampaignDays>();
  const campaign = (tag: string) => {
    const known = campaigns.get(tag) ?? { counts: nothing(), paid: [] };
    campaigns.set(tag, known);
    return known;
  };
  const total: CampaignDays = { counts: nothing(), paid: [] };
  for (const row of all.rows) {
    addLife(total.counts, row.life, period);
    for (const { cell, paid, of: campaignTag } of figuresIn(row, all.words)) {
      const place = campaignTag === null ? total : campaign(campaignTag);
      if (cell) addCell(place.counts, cell);
      if (paid) place.paid.push(payment(paid));
    }
  }
  for (const { tag, life } of tags.rows) {
    const known = campaigns.get(tag ?? "");
    if (known) addLife(known.counts, life, period);
  }
  return { campaigns, total };
}

/** The cells and payments of a row: for the whole row, where `of` is null, and for each tag. */
function* figuresIn(
  { tag, event_date, counts, cells }: DayTexts<"counts" | "life" | "cells">,
  words: Words,
): Generator<{ of: string | null; cell?: Cell; paid?: MoneyCell }> {
  const undivided: Divided = { hourly: false, types: null, dimension: "none", value: null };
  const divided: Divided = { ...undivided, dimension: "banner_tag" };
  const row = { tag, event_date };
  const whole = cellsOf({ ...row, text: counts }, undivided, words);
  const amounts = moneyOf({ ...row, text: cells }, { ...undivided, types: CAMPAIGN_PAYMENTS }, words);
  for (const cell of whole) yield { of: null, cell };
  for (const paid of amounts) yield { of: null, paid };
  if (tag !== null) {
    for (const cell of whole) yield { of: tag, cell };
    for (const paid of amounts) yield { of: tag, paid };
    return;
  }
  for (const cell of cellsOf({ ...row, text: cells }, divided, words)) yield { of: cell.value, cell };
  for (const paid of moneyOf({ ...row, text: cells }, { ...divided, types: CAMPAIGN_PAYMENTS }, words))
    yield { of: paid.value, paid };
}

/** Whether the project had any event up to that day, under no filter. A row without counts has events that no figure counts. */
export async function hadBegunByDays(db: D1Database, project_id: string, day: string): Promise<boolean> {
  const found = await db
    .prepare("SELECT 1 FROM days WHERE project_id = ? AND scope = ? AND date <= ? AND counts <> '{}' LIMIT 1")
    .bind(project_id, scopeName(null, null), dateNumber(day))
    .first();
  return found !== null;
}
