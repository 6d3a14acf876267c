/** The columns of the list of targets, and of the postbacks sent to one. */
import type { TargetView } from "../../worker/admin/postback-target.ts";
import type { TryView } from "../../worker/admin/postback-tries.ts";
import { stateText } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

const TONES = { active: "badge good", warning: "badge warn", paused: "badge bad" } as const;
export const Standing = ({ state }: Pick<TargetView, "state">) => <span class={TONES[state]}>{stateText(state)}</span>;

export const COLUMNS: readonly Column<TargetView>[] = [
  { name: "name", title: words.common.name, kind: "text" },
  { name: "state", title: words.common.state, kind: "text", show: (row) => <Standing state={row.state} /> },
  {
    name: "event_types",
    title: words.postbacks.eventTypes,
    kind: "text",
    value: ({ event_types }) => event_types.join(", "),
  },
  {
    name: "banner_tags",
    title: words.common.tags,
    kind: "text",
    value: ({ banner_tags }) => banner_tags?.join(", ") ?? words.common.everyTag,
  },
  { name: "url", title: words.postbacks.url, kind: "text", prose: true },
  { name: "failures", title: words.postbacks.failedInARow, kind: "count" },
  { name: "created_at", title: words.common.made, kind: "time" },
];

export const TRIES: readonly Column<TryView>[] = [
  { name: "at", title: words.common.sent, kind: "time" },
  { name: "event_id", title: words.common.event, kind: "text" },
  { name: "try", title: words.postbacks.try, kind: "count", value: ({ try: nth }) => (nth === 0 ? null : nth) },
  {
    name: "status",
    title: words.postbacks.answer,
    kind: "text",
    value: ({ status }) => status,
    show: ({ status, error }) => (
      <span class={error === null ? "badge good" : "badge bad"}>{status ?? words.postbacks.none}</span>
    ),
  },
  { name: "error", title: words.common.whatIsWrong, kind: "text", prose: true },
  { name: "took_ms", title: words.postbacks.milliseconds, kind: "count" },
  { name: "next_try_at", title: words.postbacks.nextTry, kind: "time" },
  { name: "url", title: words.postbacks.url, kind: "text", prose: true },
  { name: "response", title: words.postbacks.theAnswerBegins, kind: "text", prose: true },
];
