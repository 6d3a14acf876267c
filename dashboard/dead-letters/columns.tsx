/** The columns of the list of dead letters. */
import type { DeadLetterView } from "../../worker/admin/dead-letters.ts";
import { stateText } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

const TONES = { waiting: "badge warn", replayed: "badge good", discarded: "badge" } as const;
export const Standing = ({ status }: Pick<DeadLetterView, "status">) => (
  <span class={TONES[status]}>{stateText(status)}</span>
);

export const COLUMNS: readonly Column<DeadLetterView>[] = [
  { name: "failed_at", title: words.deadLetters.failed, kind: "time" },
  {
    name: "event_type",
    title: words.common.eventType,
    kind: "text",
    value: ({ event_type }) => event_type ?? words.deadLetters.unreadable,
  },
  { name: "error", title: words.common.error, kind: "text", prose: true },
  {
    name: "status",
    title: words.common.status,
    kind: "text",
    show: ({ status }) => <Standing status={status} />,
  },
  { name: "project_id", title: words.common.project, kind: "text" },
  { name: "event_id", title: words.common.eventId, kind: "text" },
];
