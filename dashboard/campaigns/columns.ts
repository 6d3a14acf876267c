/** The columns of the campaign table. */
import type { CampaignFigures, CampaignRow } from "../../worker/reports/campaigns.ts";
import { lessOf } from "../sums.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

/** A row of the table, or its total, with the currency that its amounts are in. */
export type Figures = CampaignFigures & Pick<CampaignRow, "banner_tag" | "last_event_at"> & { currency: string };

type Name = Exclude<keyof CampaignFigures, "unconverted" | "refunded_unconverted" | "withdrawn_unconverted">;
const figure = (
  name: Name,
  title: string,
  kind: "count" | "money" | "average" | "rate",
  hint: string,
  more: Partial<Pick<Column<Figures>, "share" | "optional" | "phone" | "missing" | "summed" | "bad" | "of">> = {},
): Column<Figures> => ({
  name,
  title,
  kind,
  hint,
  ...((kind === "money" || kind === "average") && { currency: ({ currency }: Figures) => currency }),
  ...more,
});

/** The amounts of a row that have no exchange rate. */
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

/** In this order money is visible without scrolling the table. */
export const COLUMNS: readonly Column<Figures>[] = [
  {
    name: "banner_tag",
    title: words.common.tag,
    kind: "text",
    hint: words.campaigns.campaignOrAffiliateTag,
    value: ({ banner_tag }) => banner_tag ?? words.common.withoutTag,
  },
  figure("visits", words.common.visits, "count", words.common.allVisitsIncludingRepeat, { share: true }),
  figure("first_deposits", words.campaigns.ftd, "count", words.campaigns.playersWhoMadeTheirFirst, {
    share: true,
    phone: true,
  }),
  figure("amount", words.common.depositAmount, "money", words.campaigns.depositedInTheProject, {
    ...deposited,
    summed: true,
    share: true,
    phone: true,
  }),
  figure("deposit_per_visit", words.campaigns.epc, "average", words.campaigns.earningsPerClickDeposit, deposited),
  figure("registrations", words.common.registrations, "count", words.common.atMostOnePerDayAndPlayer, { share: true }),
  {
    name: "last_event_at",
    title: words.common.lastEvent,
    kind: "ago",
    hint: words.campaigns.theHourOfTheLastEventUpTo,
  },
  figure("visit_to_registration", words.common.visitReg, "rate", words.common.registrationsPerVisit, {
    of: ({ visits }) => visits,
  }),
  figure("registration_to_first_deposit", words.common.regFirstDep, "rate", words.campaigns.firstDepositsPer, {
    of: ({ registrations }) => registrations,
  }),
  figure("deposits", words.common.deposits, "count", words.common.allDepositsIncludingRepeat, { share: true }),
  figure("unique_players", words.common.visitors, "count", words.campaigns.distinctPeopleWithAnyEvent),
  figure("depositors", words.campaigns.depositors, "count", words.campaigns.distinctPeopleWhoDeposited, {
    optional: true,
  }),
  figure("new_depositors", words.campaigns.ndc, "count", words.campaigns.playersWhoRegisteredAnd, {
    optional: true,
  }),
  figure("returning_depositors", words.campaigns.rdc, "count", words.campaigns.playersWhoDepositedInThe, {
    optional: true,
  }),
  figure(
    "deposit_per_first_deposit",
    words.campaigns.depositsPerFtd,
    "average",
    words.campaigns.depositAmountOverFirst,
    {
      ...deposited,
      optional: true,
    },
  ),
  figure("refunded", words.common.refunded, "money", words.campaigns.inTheProjectCurrency, {
    ...refunded,
    summed: true,
    bad: true,
    optional: true,
  }),
  figure("withdrawn", words.common.withdrawn, "money", words.campaigns.inTheProjectCurrency, {
    ...withdrawn,
    summed: true,
    bad: true,
    optional: true,
  }),
  figure("net_amount", words.campaigns.netAmount, "money", words.campaigns.depositAmountLessRefunds, {
    ...net,
    optional: true,
  }),
  figure("ngr", words.campaigns.ngr, "money", words.campaigns.ngrHint, {
    ...net,
    optional: true,
  }),
];
