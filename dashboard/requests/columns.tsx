/** The columns of the request log. */
import type { RequestRow } from "../../worker/admin/requests.ts";
import { NOTHING, stateText } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

export const Outcome = ({ row: { status } }: { row: RequestRow }) => (
  <span class={status === "accepted" ? "badge good" : "badge bad"}>{stateText(status)}</span>
);

/** The outcome and its reason, in words; a rejection without a hint is described by its errors. */
export const reasonOf = ({ hint, errors }: RequestRow): string | null =>
  hint ?? (errors.map(({ message }) => message).join("; ") || null);

/** A sentence with its names in backticks. */
export const Hint = ({ text }: { text: string | null }) => (
  <>{text?.split("`").map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part)) ?? NOTHING}</>
);

export const codesOf = ({ errors }: RequestRow): string | null =>
  errors.map(({ code, field }) => `${code} ${field}`).join("; ") || null;

/** Events of one batch come at the same moment. */
export const keyOf = ({ at, event_id, request }: RequestRow): string => event_id ?? `${at} ${JSON.stringify(request)}`;

export const COLUMNS: readonly Column<RequestRow>[] = [
  { name: "at", title: words.requests.time, kind: "time" },
  {
    name: "status",
    title: words.requests.outcome,
    kind: "text",
    show: (row) => <Outcome row={row} />,
  },
  { name: "event_type", title: words.common.eventType, kind: "text" },
  {
    name: "tag",
    title: words.common.tag,
    kind: "text",
    value: ({ request: { banner_tag, btag } }) => (banner_tag ?? btag ?? null) as string | null,
  },
  { name: "errors", title: words.common.error, kind: "text", value: codesOf },
  {
    name: "hint",
    title: words.common.reason,
    kind: "text",
    value: reasonOf,
    prose: true,
    show: (row) => <Hint text={reasonOf(row)} />,
  },
  { name: "door", title: words.common.source, kind: "text", hint: words.requests.notKeptOfAcceptedOnes },
];
