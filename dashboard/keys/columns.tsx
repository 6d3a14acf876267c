/** The columns of the list of keys. */
import type { KeyView } from "../../worker/admin/keys.ts";
import type { Role } from "../../worker/http/principal.ts";
import type { Column } from "../table/columns.ts";

export const ROLES: Record<Role, string> = {
  collect: "collect: sends events, reads nothing",
  viewer: "viewer: reads figures",
  analyst: "analyst: reads figures and players",
  admin: "admin: may do everything",
};

export type Standing = "active" | "expired" | "revoked";
export const standingOf = ({ revoked_at, expires_at }: KeyView): Standing =>
  revoked_at !== null ? "revoked" : expires_at !== null && Date.parse(expires_at) <= Date.now() ? "expired" : "active";

/** A key can be rotated while its predecessor still works: the two are told apart by their ids. */
export const COLUMNS: readonly Column<KeyView>[] = [
  { name: "name", title: "Name", kind: "text" },
  {
    name: "role",
    title: "Role",
    kind: "text",
    show: ({ role }) => <span class={role === "admin" ? "badge warn" : "badge"}>{role}</span>,
  },
  {
    name: "status",
    title: "Status",
    kind: "text",
    value: standingOf,
    show: (key) => {
      const standing = standingOf(key);
      return <span class={standing === "active" ? "badge good" : "badge bad"}>{standing}</span>;
    },
  },
  { name: "project_id", title: "Project", kind: "text", value: ({ project_id }) => project_id ?? "every project" },
  {
    name: "banner_tags",
    title: "Tags",
    kind: "text",
    value: ({ banner_tags }) => banner_tags?.join(", ") ?? "every tag",
  },
  {
    name: "hide_amounts",
    title: "Amounts",
    kind: "text",
    value: ({ hide_amounts }) => (hide_amounts ? "hidden" : null),
  },
  { name: "expires_at", title: "Expires", kind: "time" },
  { name: "created_at", title: "Made", kind: "time" },
  { name: "id", title: "Id", kind: "text", show: ({ id }) => <code class="id">{id}</code> },
];
