/** The columns of the audit log. */
import type { AuditEntry } from "../../worker/admin/audit-log.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

/** Longer details are shown on request. */
const LONG = 120;

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** For example `role: viewer, banner_tags: ["spring"]`; null values were not given and are left out. */
export const detailsText = (details: unknown): string =>
  typeof details === "object" && details !== null
    ? Object.entries(details)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => `${name}: ${text(value)}`)
        .join(", ")
    : text(details);

/** `called` maps ids of keys to their names. */
export const columnsOf = (called: ReadonlyMap<string, string>): readonly Column<AuditEntry>[] => [
  { name: "at", title: words.audit.when, kind: "time" },
  {
    name: "actor",
    title: words.common.who,
    kind: "text",
    hint: words.audit.theKeyAdminTokenIsAdmin,
    show: ({ actor }) => <span title={actor}>{called.get(actor) ?? actor}</span>,
  },
  {
    name: "action",
    title: words.audit.what,
    kind: "text",
    show: ({ action }) => <code>{action}</code>,
  },
  {
    name: "subject",
    title: words.audit.toWhat,
    kind: "text",
    show: ({ subject }) => (called.has(subject) ? <span title={subject}>{called.get(subject)}</span> : subject),
  },
  {
    name: "project_id",
    title: words.common.project,
    kind: "text",
    value: ({ project_id }) => project_id ?? words.common.everyProject,
  },
  {
    name: "details",
    title: words.audit.details,
    kind: "text",
    prose: true,
    value: ({ details }) => detailsText(details),
    show: ({ details }) => {
      const text = detailsText(details);
      if (text.length <= LONG) return undefined;
      return (
        <details>
          <summary>{text.slice(0, LONG)}…</summary>
          {text.slice(LONG)}
        </details>
      );
    },
  },
];
