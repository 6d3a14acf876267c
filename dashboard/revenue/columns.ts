/** The columns of revenue: by day, or by what it is told apart by. Pure. */

import { bucketLong } from "../format.ts";
import { lessOf } from "../sums.ts";
import type { Column } from "../table/columns.ts";
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

/** A sum, and what belongs to it that has no exchange rate. */
const without = (missing: (row: Figures) => Record<string, string>) => ({ missing, summed: true as const });

const figures = <Row extends Figures>(): Column<Row>[] => [
  figure("amount", "Revenue", "money", "Purchases and deposits", {
    share: true,
    ...without(({ unconverted }) => unconverted),
  }),
  figure("purchases", "Purchases", "count", "Distinct purchases with an amount", { share: true }),
  figure("deposits", "Deposits", "count", "Distinct deposits with an amount", { share: true }),
  figure("refunds", "Refunds", "count", "Distinct refunds with an amount", { bad: true }),
  figure("refunded", "Refunded", "money", "What was refunded", {
    ...without(({ refunded_unconverted }) => refunded_unconverted),
    bad: true,
  }),
  figure("withdrawals", "Withdrawals", "count", "Distinct withdrawals with an amount", { bad: true }),
  figure("withdrawn", "Withdrawn", "money", "What was withdrawn", {
    ...without(({ withdrawn_unconverted }) => withdrawn_unconverted),
    bad: true,
  }),
  figure(
    "net_amount",
    "Net",
    "money",
    "Revenue less what was refunded and withdrawn",
    without((row) => lessOf(row.unconverted, row.refunded_unconverted, row.withdrawn_unconverted)),
  ),
];

type Total = Revenue["total"];

/** Of the whole period. */
export const FACTS: readonly Column<Total>[] = [
  ...figures<Total>().slice(0, 1),
  {
    name: "paying_users",
    title: "Payers",
    kind: "count",
    hint: "Distinct people with a purchase or deposit",
  },
  {
    name: "average",
    title: "Average payment",
    kind: "average",
    currency: ({ into }) => into,
    hint: "A purchase or deposit, of those that could be converted",
  },
  ...figures<Total>().slice(1),
];

/** By currency, what was paid stands in it, too. */
export const columnsOf = (group: Group): readonly Column<Summed>[] => [
  {
    name: group,
    title: GROUPS[group],
    kind: "text",
    value: ({ value }) => value ?? (group === "banner_tag" ? "(no tag)" : "not known"),
  },
  ...(group === "currency"
    ? [
        {
          name: "total",
          title: "Original amount",
          kind: "money",
          hint: "Purchases and deposits, in the currency itself",
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
    title: "Day",
    kind: "date",
    value: ({ event_date, event_hour }) =>
      event_hour === undefined ? event_date : `${event_date} ${String(event_hour).padStart(2, "0")}`,
    show: (row) => bucketLong(row),
  },
  ...[...FACTS].map((column): Column<RevenueRow> => column),
];
