/** The columns of statements, conversions and payout rules. */
import type { RuleView } from "../../worker/admin/payout-rules.ts";
import type { ConversionView } from "../../worker/reports/conversions.ts";
import type { Statement, StatementLine } from "../../worker/reports/statements.ts";
import type { Column } from "../table/columns.ts";

const TONES: Partial<Record<ConversionView["status"], string>> = {
  approved: "badge good",
  pending: "badge warn",
};
export const Standing = ({ status }: Pick<ConversionView, "status">) => (
  <span class={TONES[status] ?? "badge bad"}>{status.replace("_", " ")}</span>
);

type Total = Statement["totals"][number];
const currency = (row: { currency: string }) => row.currency;

export const TOTALS: readonly Column<Total>[] = [
  { name: "banner_tag", title: "Tag", kind: "text" },
  { name: "approved", title: "To be paid", kind: "money", currency },
  { name: "pending", title: "Pending", kind: "money", currency },
  { name: "without_rate", title: "Without a rate", kind: "count", hint: "In neither, until there is an exchange rate" },
];

export const LINES: readonly Column<StatementLine>[] = [
  { name: "banner_tag", title: "Tag", kind: "text" },
  { name: "rule", title: "Rule", kind: "text" },
  { name: "event_type", title: "For", kind: "text", value: ({ event_type }) => event_type ?? "share of revenue" },
  { name: "status", title: "Status", kind: "text", show: (row) => <Standing status={row.status} /> },
  { name: "conversions", title: "Conversions", kind: "count" },
  { name: "payout", title: "Payout", kind: "money", currency },
  { name: "explanation", title: "Why", kind: "text", prose: true },
];

export const CONVERSIONS: readonly Column<ConversionView>[] = [
  { name: "event_id", title: "Event", kind: "text" },
  { name: "timestamp", title: "Happened", kind: "time" },
  { name: "event_type", title: "Type", kind: "text" },
  { name: "banner_tag", title: "Tag", kind: "text" },
  { name: "status", title: "Status", kind: "text", show: (row) => <Standing status={row.status} /> },
  { name: "payout", title: "Payout", kind: "money", currency: ({ payout_currency }) => payout_currency },
  { name: "explanation", title: "Why", kind: "text", prose: true },
];

const newest = ({ versions }: RuleView) => versions[0];
export const RULES: readonly Column<RuleView>[] = [
  { name: "name", title: "Name", kind: "text", value: (row) => newest(row)?.name ?? "" },
  {
    name: "banner_tags",
    title: "Tags",
    kind: "text",
    value: (row) => newest(row)?.banner_tags?.join(", ") ?? "every other tag",
  },
  { name: "valid_from", title: "From", kind: "date", value: (row) => newest(row)?.valid_from ?? null },
  {
    name: "terms",
    title: "Pays",
    kind: "text",
    prose: true,
    value: (row) => newest(row)?.terms?.in_words ?? "Nothing any more.",
  },
];
