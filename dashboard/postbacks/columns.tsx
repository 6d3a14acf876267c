/** The columns of the list of targets, and of what was sent to one. */
import type { TargetView, TryView } from "../../worker/admin/postbacks.ts";
import type { Column } from "../table/columns.ts";

const TONES = { active: "badge good", warning: "badge warn", paused: "badge bad" } as const;
export const Standing = ({ state }: Pick<TargetView, "state">) => <span class={TONES[state]}>{state}</span>;

export const COLUMNS: readonly Column<TargetView>[] = [
  { name: "name", title: "Name", kind: "text" },
  { name: "state", title: "State", kind: "text", show: (row) => <Standing state={row.state} /> },
  { name: "event_types", title: "Event types", kind: "text", value: ({ event_types }) => event_types.join(", ") },
  {
    name: "banner_tags",
    title: "Tags",
    kind: "text",
    value: ({ banner_tags }) => banner_tags?.join(", ") ?? "every tag",
  },
  { name: "url", title: "URL", kind: "text", prose: true },
  { name: "failures", title: "Failed in a row", kind: "count" },
  { name: "created_at", title: "Made", kind: "time" },
];

export const TRIES: readonly Column<TryView>[] = [
  { name: "at", title: "Sent", kind: "time" },
  { name: "event_id", title: "Event", kind: "text" },
  { name: "try", title: "Try", kind: "count", value: ({ try: nth }) => (nth === 0 ? null : nth) },
  {
    name: "status",
    title: "Answer",
    kind: "text",
    value: ({ status }) => status,
    show: ({ status, error }) => <span class={error === null ? "badge good" : "badge bad"}>{status ?? "none"}</span>,
  },
  { name: "error", title: "What is wrong", kind: "text", prose: true },
  { name: "took_ms", title: "Milliseconds", kind: "count" },
  { name: "next_try_at", title: "Next try", kind: "time" },
  { name: "url", title: "URL", kind: "text", prose: true },
  { name: "response", title: "The answer begins", kind: "text", prose: true },
];
