/** The columns of statements, conversions and payout rules. */
import type { ClickRuleView } from "../../worker/admin/click-rules.ts";
import type { RuleView } from "../../worker/admin/payout-rules.ts";
import type { ConversionView } from "../../worker/reports/conversions.ts";
import type { Statement, StatementLine } from "../../worker/reports/statements.ts";
import { Price } from "../figure.tsx";
import { NOTHING } from "../format.ts";
import type { Column } from "../table/columns.ts";

const TONES: Partial<Record<ConversionView["status"], string>> = {
  approved: "badge good",
  pending: "badge warn",
};
export const Standing = ({ status }: Pick<ConversionView, "status">) => (
  <span class={TONES[status] ?? "badge bad"}>{status.replace("_", " ")}</span>
);

type Total = Statement["totals"][number];

/** An amount that is to be paid: shown whole, as no abbreviation suits it. */
const payment = (amount: string | null, currency: string) =>
  amount === null ? <span class="muted">{NOTHING}</span> : <Price amount={amount} currency={currency} />;

export const TOTALS: readonly Column<Total>[] = [
  { name: "banner_tag", title: "Tag", kind: "text" },
  { name: "approved", title: "To be paid", kind: "money", show: (row) => payment(row.approved, row.currency) },
  { name: "pending", title: "Pending", kind: "money", show: (row) => payment(row.pending, row.currency) },
  { name: "without_rate", title: "Without a rate", kind: "count", hint: "In neither, until there is an exchange rate" },
];

const forWhat = ({ kind, event_type, of_month }: StatementLine) => {
  const what = event_type ?? "share of revenue";
  return kind === "correction" ? `${what}, correction of ${of_month}` : what;
};

const EXPLANATION: Column<StatementLine> = { name: "explanation", title: "Why", kind: "text", prose: true };
const LINES: readonly Column<StatementLine>[] = [
  { name: "banner_tag", title: "Tag", kind: "text" },
  { name: "rule", title: "Rule", kind: "text" },
  { name: "event_type", title: "For", kind: "text", value: forWhat },
  { name: "status", title: "Status", kind: "text", show: (row) => <Standing status={row.status} /> },
  { name: "conversions", title: "Conversions", kind: "count" },
  { name: "payout", title: "Payout", kind: "money", show: (row) => payment(row.payout, row.currency) },
];
/** Shares and corrections are explained; conversions are each by themselves. */
export const linesWith = (rows: readonly StatementLine[]): readonly Column<StatementLine>[] =>
  rows.some(({ explanation }) => explanation) ? [...LINES, EXPLANATION] : LINES;

const REASONS: Record<ConversionView["reason"], string> = {
  paid: "",
  not_first: "not the first deposit",
  no_amount: "no amount",
  below_min: "below the least amount",
  cap_day: "over the day's cap",
  cap_month: "over the month's cap",
  flagged: "flagged by a click rule",
  void: "taken back or rejected",
  no_rate: "no exchange rate",
};

export const CONVERSIONS: readonly Column<ConversionView>[] = [
  { name: "timestamp", title: "Happened", kind: "time" },
  { name: "event_type", title: "Type", kind: "text" },
  { name: "banner_tag", title: "Tag", kind: "text" },
  {
    name: "payout",
    title: "Payout",
    kind: "money",
    show: ({ payout, payout_currency }) => payment(payout, payout_currency),
  },
  { name: "status", title: "Status", kind: "text", show: (row) => <Standing status={row.status} /> },
  { name: "reason", title: "Pays nothing since", kind: "text", value: ({ reason }) => REASONS[reason] },
  { name: "event_id", title: "Event", kind: "text" },
];

/** A rule of either kind: its newest version says what holds. */
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
  { name: "name", title: "Name", kind: "text", value: (row) => newest(row)?.name ?? "" },
  {
    name: "banner_tags",
    title: "Tags",
    kind: "text",
    value: (row) => newest(row)?.banner_tags?.join(", ") ?? everyTag,
  },
  { name: "valid_from", title: "From", kind: "date", value: (row) => newest(row)?.valid_from ?? null },
  { name: "terms", title: does, kind: "text", prose: true, value: (row) => newest(row)?.terms?.in_words ?? ended },
];

export const PAYOUT_RULES = rules<RuleView>({
  everyTag: "every other tag",
  does: "Pays",
  ended: "Nothing any more.",
});
export const CLICK_RULES = rules<ClickRuleView>({
  everyTag: "every tag",
  does: "Flags",
  ended: "Flags nothing any more.",
});
