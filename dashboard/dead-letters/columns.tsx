/** The columns of the list of dead letters. */
import type { DeadLetterView } from "../../worker/admin/dead-letters.ts";
import type { Column } from "../table/columns.ts";

const TONES = { waiting: "badge warn", replayed: "badge good", discarded: "badge" } as const;
export const Standing = ({ status }: Pick<DeadLetterView, "status">) => <span class={TONES[status]}>{status}</span>;

export const COLUMNS: readonly Column<DeadLetterView>[] = [
  { name: "failed_at", title: "Failed", kind: "time" },
  { name: "event_type", title: "Event type", kind: "text", value: ({ event_type }) => event_type ?? "unreadable" },
  { name: "error", title: "Error", kind: "text", prose: true },
  {
    name: "status",
    title: "Status",
    kind: "text",
    show: ({ status }) => <Standing status={status} />,
  },
  { name: "project_id", title: "Project", kind: "text" },
  { name: "event_id", title: "Event id", kind: "text" },
];
