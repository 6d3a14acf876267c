/** The columns of revenue: by day, or by what it is told apart by. Pure. */

import { bucketLong } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { GROUPS, type Group, type Revenue, type RevenueRow } from "./query.ts";
import type { Summed } from "./sums.ts";

type Figures = Omit<Summed, "value" | "total">;
const figure = <Row extends Figures>(
  name: keyof Figures,
  title: string,
  kind: "count" | "money",
  hint: string,
  share?: true,
): Column<Row> => ({ name, title, kind, hint, ...(share && { share }) });

const figures = <Row extends Figures>(): Column<Row>[] => [
  figure("total_usd", "Revenue", "money", "Purchases and deposits, in USD", true),
  figure("purchases", "Purchases", "count", "Distinct purchases with an amount", true),
  figure("deposits", "Deposits", "count", "Distinct deposits with an amount", true),
  figure("refunds", "Refunds", "count", "Distinct refunds with an amount"),
  figure("refunded_usd", "Refunded", "money", "In USD"),
  figure("withdrawals", "Withdrawals", "count", "Distinct withdrawals with an amount"),
  figure("withdrawn_usd", "Withdrawn", "money", "In USD"),
  figure("net_usd", "Net", "money", "Revenue less what was refunded and withdrawn, in USD"),
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
    name: "average_usd",
    title: "Average payment",
    kind: "average",
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
    value: ({ value }) => value ?? (group === "banner_tag" ? "without a tag" : "not told"),
  },
  ...(group === "currency"
    ? [
        {
          name: "total",
          title: "Paid in it",
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
