/** The columns of the campaign table. */
import type { CampaignFigures } from "../../worker/reports/campaigns.ts";
import type { Column } from "../table/columns.ts";

/** A row of the table, or its total, with the currency that its amounts are in. */
export type Figures = CampaignFigures & { banner_tag: string | null; currency: string };

type Name = Exclude<keyof CampaignFigures, "unconverted" | "withdrawn_unconverted">;
const figure = (
  name: Name,
  title: string,
  kind: "count" | "money" | "rate",
  hint: string,
  more: { share?: true; optional?: true } = {},
): Column<Figures> => ({
  name,
  title,
  kind,
  hint,
  ...(kind === "money" && { currency: ({ currency }: Figures) => currency }),
  ...more,
});

/** In order. */
export const COLUMNS: readonly Column<Figures>[] = [
  {
    name: "banner_tag",
    title: "Tag",
    kind: "text",
    hint: "Campaign or affiliate tag",
    value: ({ banner_tag }) => banner_tag ?? "without a tag",
  },
  figure("visits", "Visits", "count", "Visits, repeated ones too", { share: true }),
  figure("unique_players", "Players", "count", "Distinct people with any event"),
  figure("registrations", "Registrations", "count", "At most one per day and player", { share: true }),
  figure("visit_to_registration", "Visit → reg.", "rate", "Registrations per visit"),
  figure("first_deposits", "First deposits", "count", "Players whose first deposit ever lies in the period", {
    share: true,
  }),
  figure("registration_to_first_deposit", "Reg. → first dep.", "rate", "First deposits per registration"),
  figure("deposits", "Deposits", "count", "Deposits, repeated ones too", { share: true }),
  figure("amount", "Amount", "money", "Deposited, in the project's currency", { share: true }),
  figure("depositors", "Depositors", "count", "Distinct people who deposited", { optional: true }),
  figure("new_depositors", "NDC", "count", "Players who registered and first deposited in the period", {
    optional: true,
  }),
  figure("returning_depositors", "RDC", "count", "Players who deposited in the period, and before it", {
    optional: true,
  }),
  figure("deposit_per_first_deposit", "Amount per FTD", "money", "Amount over first deposits", { optional: true }),
  figure("withdrawn", "Withdrawn", "money", "In the project's currency", { optional: true }),
  figure("net_amount", "Net amount", "money", "Amount less what was withdrawn", { optional: true }),
];
