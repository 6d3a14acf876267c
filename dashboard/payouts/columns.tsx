/** The columns of statements, conversions and payout rules. */
import type { ClickRuleView } from "../../worker/admin/click-rules.ts";
import type { RuleView } from "../../worker/admin/payout-rules.ts";
import type { ConversionView } from "../../worker/reports/conversions.ts";
import type { Statement, StatementLine } from "../../worker/reports/statements.ts";
import { Price } from "../figure.tsx";
import { NOTHING, stateText } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

const TONES: Partial<Record<ConversionView["status"], string>> = {
  approved: "badge good",
  pending: "badge warn",
};
export const Standing = ({ status }: Pick<ConversionView, "status">) => (
  <span class={TONES[status] ?? "badge bad"}>{stateText(status)}</span>
);

type Total = Statement["totals"][number];

/** An amount to be paid, shown in full and never abbreviated. */
const payment = (amount: string | null, currency: string) =>
  amount === null ? <span class="muted">{NOTHING}</span> : <Price amount={amount} currency={currency} />;

export const TOTALS: readonly Column<Total>[] = [
  { name: "banner_tag", title: words.common.tag, kind: "text" },
  {
    name: "approved",
    title: words.payouts.toBePaid,
    kind: "money",
    show: (row) => payment(row.approved, row.currency),
  },
  { name: "pending", title: words.payouts.pending, kind: "money", show: (row) => payment(row.pending, row.currency) },
  {
    name: "without_rate",
    title: words.payouts.withoutARate,
    kind: "count",
    hint: words.payouts.inNeitherUntilThereIsAn,
  },
];

const forWhat = ({ kind, event_type, of_month }: StatementLine) => {
  const what = event_type ?? words.payouts.shareOfRevenue;
  return kind === "correction" ? words.payouts.correctionOf(what, of_month ?? "") : what;
};

const EXPLANATION: Column<StatementLine> = { name: "explanation", title: words.payouts.why, kind: "text", prose: true };
const LINES: readonly Column<StatementLine>[] = [
  { name: "banner_tag", title: words.common.tag, kind: "text" },
  { name: "rule", title: words.payouts.rule, kind: "text" },
  { name: "event_type", title: words.payouts.forWord, kind: "text", value: forWhat },
  { name: "status", title: words.common.status, kind: "text", show: (row) => <Standing status={row.status} /> },
  { name: "conversions", title: words.payouts.conversions, kind: "count" },
  { name: "payout", title: words.payouts.payout, kind: "money", show: (row) => payment(row.payout, row.currency) },
];
/** With the explanations of shares and corrections, if there are any; conversions are explained one by one. */
export const linesWith = (rows: readonly StatementLine[]): readonly Column<StatementLine>[] =>
  rows.some(({ explanation }) => explanation) ? [...LINES, EXPLANATION] : LINES;

const REASONS: Record<ConversionView["reason"], string> = {
  paid: "",
  not_first: words.payouts.notTheFirstDeposit,
  no_amount: words.payouts.noAmount,
  below_min: words.payouts.belowTheLeastAmount,
  cap_day: words.payouts.overTheDayCap,
  cap_month: words.payouts.overTheMonthCap,
  flagged: words.payouts.flaggedByAClickRule,
  void: words.payouts.takenBackOrRejected,
  no_rate: words.payouts.noExchangeRate,
};

export const CONVERSIONS: readonly Column<ConversionView>[] = [
  { name: "timestamp", title: words.payouts.happened, kind: "time" },
  { name: "event_type", title: words.common.type, kind: "text" },
  { name: "banner_tag", title: words.common.tag, kind: "text" },
  {
    name: "payout",
    title: words.payouts.payout,
    kind: "money",
    show: ({ payout, payout_currency }) => payment(payout, payout_currency),
  },
  { name: "status", title: words.common.status, kind: "text", show: (row) => <Standing status={row.status} /> },
  { name: "reason", title: words.payouts.paysNothingSince, kind: "text", value: ({ reason }) => REASONS[reason] },
  { name: "event_id", title: words.common.event, kind: "text" },
];

/** A rule of either kind: its newest version is shown. */
export type Rule = {
  id: string;
  versions: {
    name: string;
    banner_tags: string[] | null;
    valid_from: string;
    terms: { in_words: string } | null;
  }[];
};
export type RuleColumns<Row> = readonly Column<Row>[];
export const newest = <Row extends Rule>({ versions }: Row): Row["versions"][number] | undefined => versions[0];

type Words = { everyTag: string; does: string; ended: string };
const rules = <Row extends Rule>({ everyTag, does, ended }: Words): RuleColumns<Row> => [
  { name: "name", title: words.common.name, kind: "text", value: (row) => newest(row)?.name ?? "" },
  {
    name: "banner_tags",
    title: words.common.tags,
    kind: "text",
    value: (row) => newest(row)?.banner_tags?.join(", ") ?? everyTag,
  },
  { name: "valid_from", title: words.common.from, kind: "date", value: (row) => newest(row)?.valid_from ?? null },
  { name: "terms", title: does, kind: "text", prose: true, value: (row) => newest(row)?.terms?.in_words ?? ended },
];

export const PAYOUT_RULES = rules<RuleView>({
  everyTag: words.payouts.everyOtherTag,
  does: words.payouts.pays,
  ended: words.payouts.nothingAnyMore,
});
export const CLICK_RULES = rules<ClickRuleView>({
  everyTag: words.common.everyTag,
  does: words.payouts.flags,
  ended: words.payouts.flagsNothingAnyMore,
});
