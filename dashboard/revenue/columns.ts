/** The columns of revenue: by day, or by what it is grouped by. Pure. */

import { bucketLong } from "../format.ts";
import { lessOf } from "../sums.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";
import { GROUPS, type Group, type Revenue, type RevenueRow } from "./query.ts";
import type { Summed } from "./sums.ts";

type Figures = Omit<Summed, "value" | "total">;
const figure = <Row extends Figures>(
  name: Exclude<keyof Figures, `${string}unconverted`>,
  title: string,
  kind: "count" | "money",
  hint: string,
  more: Partial<Pick<Column<Row>, "share" | "missing" | "summed" | "bad">> = {},
): Column<Row> => ({
  name,
  title,
  kind,
  hint,
  ...(kind === "money" && { currency: ({ into }: Row) => into }),
  ...more,
});

/** A sum, and the amounts in it that have no exchange rate. */
const without = (missing: (row: Figures) => Record<string, string>) => ({ missing, summed: true as const });

const figures = <Row extends Figures>(): Column<Row>[] => [
  figure("amount", words.common.revenue, "money", words.common.purchasesAndDeposits, {
    share: true,
    ...without(({ unconverted }) => unconverted),
  }),
  figure("purchases", words.common.purchases, "count", words.revenue.distinctPurchasesWithAn, { share: true }),
  figure("deposits", words.common.deposits, "count", words.revenue.distinctDepositsWithAn, { share: true }),
  figure("refunds", words.revenue.refunds, "count", words.revenue.distinctRefundsWithAn, { bad: true }),
  figure("refunded", words.common.refunded, "money", words.revenue.whatWasRefunded, {
    ...without(({ refunded_unconverted }) => refunded_unconverted),
    bad: true,
  }),
  figure("withdrawals", words.revenue.withdrawals, "count", words.revenue.distinctWithdrawalsWithAn, { bad: true }),
  figure("withdrawn", words.common.withdrawn, "money", words.common.whatWasWithdrawn, {
    ...without(({ withdrawn_unconverted }) => withdrawn_unconverted),
    bad: true,
  }),
  figure(
    "net_amount",
    words.common.net,
    "money",
    words.common.revenueLessWhatWasRefunded,
    without((row) => lessOf(row.unconverted, row.refunded_unconverted, row.withdrawn_unconverted)),
  ),
];

type Total = Revenue["total"];

/** Of the whole period. */
export const FACTS: readonly Column<Total>[] = [
  ...figures<Total>().slice(0, 1),
  {
    name: "paying_users",
    title: words.common.payers,
    kind: "count",
    hint: words.common.distinctPeopleWithA,
  },
  {
    name: "average",
    title: words.revenue.averagePayment,
    kind: "average",
    currency: ({ into }) => into,
    hint: words.revenue.aPurchaseOrDepositOfThose,
  },
  ...figures<Total>().slice(1),
];

/** Grouped by currency, payments are also shown in that currency. */
export const columnsOf = (group: Group): readonly Column<Summed>[] => [
  {
    name: group,
    title: GROUPS[group],
    kind: "text",
    value: ({ value }) => value ?? (group === "banner_tag" ? words.common.withoutTag : words.revenue.notKnown),
  },
  ...(group === "currency"
    ? [
        {
          name: "total",
          title: words.revenue.originalAmount,
          kind: "money",
          hint: words.revenue.purchasesAndDepositsInThe,
          value: ({ total }: Summed) => total,
          currency: ({ value }: Summed) => value ?? "USD",
        } as const,
      ]
    : []),
  ...figures<Summed>(),
];

/** By day, or by hour. */
export const DAYS: readonly Column<RevenueRow>[] = [
  {
    name: "event_date",
    title: words.common.day,
    kind: "date",
    value: ({ event_date, event_hour }) =>
      event_hour === undefined ? event_date : `${event_date} ${String(event_hour).padStart(2, "0")}`,
    show: (row) => bucketLong(row),
  },
  ...[...FACTS].map((column): Column<RevenueRow> => column),
];
