/** The columns of lifetime value. */
import { words } from "../format.ts";
import { lessOf } from "../sums.ts";
import type { Column } from "../table/columns.ts";
import type { Segment } from "./query.ts";

export type Group = Omit<Segment, "segment"> & { segment: Segment["segment"] | "all" };
type Missing = keyof Group & `${string}unconverted`;

const SPENT: Record<Segment["segment"], string> = {
  whale: "from $100",
  dolphin: "$20 to $100",
  minnow: "$5 to $20",
  free: "less than $5",
  unknown: "paid without an exchange rate",
};

const figure = (
  name: Exclude<keyof Group, "segment" | "into" | Missing>,
  title: string,
  kind: "count" | "money" | "average",
  hint: string,
  more: Partial<Pick<Column<Group>, "share" | "missing" | "summed">> = {},
): Column<Group> => ({ name, title, kind, hint, currency: ({ into }) => into, ...more });

/** What has no exchange rate of what they spent. */
const spent = { missing: (group: Group) => lessOf(group.unconverted, group.refunded_unconverted) };
const summed = true as const;

export const COLUMNS: readonly Column<Group>[] = [
  {
    name: "segment",
    title: "Segment",
    kind: "text",
    hint: "By what they spent in all: purchases and deposits less refunds, in USD",
    show: ({ segment }) =>
      segment !== "all" && (
        <>
          {words(segment)} <span class="muted">{SPENT[segment]}</span>
        </>
      ),
  },
  figure("players", "Players", "count", "Known players, and visitors who paid", { share: true }),
  figure("payers", "Payers", "count", "Those who ever paid"),
  figure("spend", "Spent", "money", "Purchases and deposits less refunds", {
    share: true,
    summed,
    ...spent,
  }),
  figure("average_spend", "Per player", "average", "Spent over players", spent),
  figure("withdrawn", "Withdrawn", "money", "What was withdrawn", {
    summed,
    missing: ({ withdrawn_unconverted }) => withdrawn_unconverted,
  }),
  figure("net_amount", "Net", "money", "Spent less withdrawn", {
    summed,
    missing: (group) => lessOf(group.unconverted, group.refunded_unconverted, group.withdrawn_unconverted),
  }),
];
