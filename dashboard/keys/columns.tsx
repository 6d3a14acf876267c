/** The columns of the list of keys. */
import type { KeyView } from "../../worker/admin/keys.ts";
import type { Role } from "../../worker/http/principal.ts";
import { stateText } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

export const ROLES: Record<Role, string> = {
  collect: words.keys.collectSendsEventsReads,
  viewer: words.keys.viewerReadsFigures,
  analyst: words.keys.analystReadsFiguresAnd,
  admin: words.keys.adminMayDoEverything,
};

export type Standing = "active" | "expired" | "revoked";
export const standingOf = ({ revoked_at, expires_at }: KeyView): Standing =>
  revoked_at !== null ? "revoked" : expires_at !== null && Date.parse(expires_at) <= Date.now() ? "expired" : "active";

/** After a rotation the previous key may still work, under the same name: ids tell them apart. */
export const COLUMNS: readonly Column<KeyView>[] = [
  { name: "name", title: words.common.name, kind: "text" },
  {
    name: "role",
    title: words.keys.role,
    kind: "text",
    show: ({ role }) => <span class={role === "admin" ? "badge warn" : "badge"}>{role}</span>,
  },
  {
    name: "status",
    title: words.common.status,
    kind: "text",
    value: standingOf,
    show: (key) => {
      const standing = standingOf(key);
      return <span class={standing === "active" ? "badge good" : "badge bad"}>{stateText(standing)}</span>;
    },
  },
  {
    name: "project_id",
    title: words.common.project,
    kind: "text",
    value: ({ project_id }) => project_id ?? words.common.everyProject,
  },
  {
    name: "banner_tags",
    title: words.common.tags,
    kind: "text",
    value: ({ banner_tags }) => banner_tags?.join(", ") ?? words.common.everyTag,
  },
  {
    name: "hide_amounts",
    title: words.keys.amounts,
    kind: "text",
    value: ({ hide_amounts }) => (hide_amounts ? "hidden" : null),
  },
  { name: "expires_at", title: words.common.expires, kind: "time" },
  { name: "created_at", title: words.common.made, kind: "time" },
  { name: "id", title: words.common.id, kind: "text", show: ({ id }) => <code class="id">{id}</code> },
];
