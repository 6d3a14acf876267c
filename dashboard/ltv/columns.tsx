/** The columns of lifetime value. */
import { titled } from "../format.ts";
import { lessOf } from "../sums.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";
import type { Segment } from "./query.ts";

export type Group = Omit<Segment, "segment"> & { segment: Segment["segment"] | "all" };
type Missing = keyof Group & `${string}unconverted`;

const SPENT: Record<Segment["segment"], string> = {
  whale: words.ltv.from100Usd,
  dolphin: words.ltv.from20To100Usd,
  minnow: words.ltv.from5To20Usd,
  free: words.ltv.lessThan5Usd,
  unknown: words.ltv.paidWithoutAnExchangeRate,
};

const figure = (
  name: Exclude<keyof Group, "segment" | "into" | Missing>,
  title: string,
  kind: "count" | "money" | "average",
  hint: string,
  more: Partial<Pick<Column<Group>, "share" | "missing" | "summed">> = {},
): Column<Group> => ({ name, title, kind, hint, currency: ({ into }) => into, ...more });

/** The spent amounts that have no exchange rate. */
const spent = { missing: (group: Group) => lessOf(group.unconverted, group.refunded_unconverted) };
const summed = true as const;

export const COLUMNS: readonly Column<Group>[] = [
  {
    name: "segment",
    title: words.common.segment,
    kind: "text",
    hint: words.ltv.byWhatTheySpentInAll,
    show: ({ segment }) =>
      segment !== "all" && (
        <>
          {titled(segment)} <span class="muted">{SPENT[segment]}</span>
        </>
      ),
  },
  figure("players", words.common.players, "count", words.ltv.knownPlayersAndVisitorsWho, { share: true }),
  figure("payers", words.common.payers, "count", words.ltv.thoseWhoEverPaid),
  figure("spend", words.ltv.spent, "money", words.common.purchasesAndDepositsLess, {
    share: true,
    summed,
    ...spent,
  }),
  figure("average_spend", words.ltv.perPlayer, "average", words.ltv.spentOverPlayers, spent),
  figure("withdrawn", words.common.withdrawn, "money", words.common.whatWasWithdrawn, {
    summed,
    missing: ({ withdrawn_unconverted }) => withdrawn_unconverted,
  }),
  figure("net_amount", words.common.net, "money", words.ltv.spentLessWithdrawn, {
    summed,
    missing: (group) => lessOf(group.unconverted, group.refunded_unconverted, group.withdrawn_unconverted),
  }),
];
