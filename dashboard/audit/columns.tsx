/** The columns of the audit log. */
import type { AuditEntry } from "../../worker/admin/audit-log.ts";
import type { Column } from "../table/columns.ts";

/** From here on details are shown when one asks for them. */
const LONG = 120;

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** `role: viewer, banner_tags: ["spring"]`; what is null was not given. */
export const detailsText = (details: unknown): string =>
  typeof details === "object" && details !== null
    ? Object.entries(details)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => `${name}: ${text(value)}`)
        .join(", ")
    : text(details);

/** `called` names the keys by their ids. */
export const columnsOf = (called: ReadonlyMap<string, string>): readonly Column<AuditEntry>[] => [
  { name: "at", title: "When", kind: "time" },
  {
    name: "actor",
    title: "Who",
    kind: "text",
    hint: "The key; ADMIN_TOKEN is admin",
    show: ({ actor }) => <span title={actor}>{called.get(actor) ?? actor}</span>,
  },
  {
    name: "action",
    title: "What",
    kind: "text",
    show: ({ action }) => <code>{action}</code>,
  },
  {
    name: "subject",
    title: "To what",
    kind: "text",
    show: ({ subject }) => (called.has(subject) ? <span title={subject}>{called.get(subject)}</span> : subject),
  },
  { name: "project_id", title: "Project", kind: "text", value: ({ project_id }) => project_id ?? "every project" },
  {
    name: "details",
    title: "Details",
    kind: "text",
    prose: true,
    value: ({ details }) => detailsText(details),
    show: ({ details }) => {
      const told = detailsText(details);
      if (told.length <= LONG) return undefined;
      return (
        <details>
          <summary>{told.slice(0, LONG)}…</summary>
          {told.slice(LONG)}
        </details>
      );
    },
  },
];
