/** The columns of the campaign table. */
import type { CampaignFigures, CampaignRow } from "../../worker/reports/campaigns.ts";
import { lessOf } from "../sums.ts";
import type { Column } from "../table/columns.ts";

/** A row of the table, or its total, with the currency that its amounts are in. */
export type Figures = CampaignFigures & Pick<CampaignRow, "banner_tag" | "last_event_at"> & { currency: string };

type Name = Exclude<keyof CampaignFigures, "unconverted" | "refunded_unconverted" | "withdrawn_unconverted">;
const figure = (
  name: Name,
  title: string,
  kind: "count" | "money" | "average" | "rate",
  hint: string,
  more: Partial<Pick<Column<Figures>, "share" | "optional" | "missing" | "summed" | "bad" | "of">> = {},
): Column<Figures> => ({
  name,
  title,
  kind,
  hint,
  ...((kind === "money" || kind === "average") && { currency: ({ currency }: Figures) => currency }),
  ...more,
});

/** What of a row's money has no exchange rate. */
const deposited = {
  missing: ({ unconverted }: Figures) => unconverted,
  of: ({ deposits }: Figures) => deposits,
};
const refunded = { missing: ({ refunded_unconverted }: Figures) => refunded_unconverted };
const withdrawn = { missing: ({ withdrawn_unconverted }: Figures) => withdrawn_unconverted };
const net = {
  missing: (row: Figures) => lessOf(row.unconverted, row.refunded_unconverted, row.withdrawn_unconverted),
  summed: true as const,
};

/** In order: money is seen before the table scrolls. */
export const COLUMNS: readonly Column<Figures>[] = [
  {
    name: "banner_tag",
    title: "Tag",
    kind: "text",
    hint: "Campaign or affiliate tag",
    value: ({ banner_tag }) => banner_tag ?? "(no tag)",
  },
  figure("visits", "Visits", "count", "All visits, including repeat visits", { share: true }),
  figure("first_deposits", "First deposits", "count", "Players who made their first-ever deposit in this period", {
    share: true,
  }),
  figure("amount", "Deposit amount", "money", "Deposited, in the project's currency", {
    ...deposited,
    summed: true,
    share: true,
  }),
  figure("deposit_per_visit", "EPC", "average", "Earnings per click: deposit amount over visits", deposited),
  figure("registrations", "Registrations", "count", "At most one per day and player", { share: true }),
  {
    name: "last_event_at",
    title: "Last event",
    kind: "ago",
    hint: "The hour of the last event up to the end of the period: sorted by it, silent tags come first or last",
  },
  figure("visit_to_registration", "Visit → reg.", "rate", "Registrations per visit", { of: ({ visits }) => visits }),
  figure("registration_to_first_deposit", "Reg. → first dep.", "rate", "First deposits per registration", {
    of: ({ registrations }) => registrations,
  }),
  figure("deposits", "Deposits", "count", "All deposits, including repeat deposits", { share: true }),
  figure("unique_players", "Visitors", "count", "Distinct people with any event, players included"),
  figure("depositors", "Depositors", "count", "Distinct people who deposited", { optional: true }),
  figure("new_depositors", "NDC", "count", "Players who registered and first deposited in the period", {
    optional: true,
  }),
  figure("returning_depositors", "RDC", "count", "Players who deposited in the period, and before it", {
    optional: true,
  }),
  figure("deposit_per_first_deposit", "Deposits per FTD", "average", "Deposit amount over first deposits", {
    ...deposited,
    optional: true,
  }),
  figure("refunded", "Refunded", "money", "In the project's currency", {
    ...refunded,
    summed: true,
    bad: true,
    optional: true,
  }),
  figure("withdrawn", "Withdrawn", "money", "In the project's currency", {
    ...withdrawn,
    summed: true,
    bad: true,
    optional: true,
  }),
  figure("net_amount", "Net amount", "money", "Deposit amount less refunds and withdrawals", {
    ...net,
    optional: true,
  }),
];
