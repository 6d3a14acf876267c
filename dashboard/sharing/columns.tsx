/** The columns of the list of share links. */
import type { SegmentView } from "../../worker/admin/segments.ts";
import type { ShareView } from "../../worker/admin/shares.ts";
import type { Column } from "../table/columns.ts";
import { viewOf } from "../views.ts";
import { standingOf } from "./query.ts";

export const columnsOf = (segments: readonly SegmentView[]): readonly Column<ShareView>[] => [
  { name: "name", title: "Name", kind: "text" },
  {
    name: "status",
    title: "Status",
    kind: "text",
    value: standingOf,
    show: (share) => {
      const standing = standingOf(share);
      return <span class={standing === "open" ? "badge good" : "badge bad"}>{standing}</span>;
    },
  },
  {
    name: "fixed_to",
    title: "Shows",
    kind: "text",
    value: ({ segment_id, banner_tags, hide_amounts }) => {
      const segment = segments.find((one) => one.segment_id === segment_id)?.name ?? segment_id;
      const tags = banner_tags && `tags ${banner_tags.join(", ")}`;
      const shown = [segment && `segment ${segment}`, tags].filter(Boolean).join(" and ") || "all figures";
      return hide_amounts ? `${shown}, no amounts` : shown;
    },
  },
  {
    name: "view",
    title: "Opening view",
    kind: "text",
    value: ({ view }) => (view === null ? "Overview" : (viewOf(view)?.title ?? view)),
  },
  {
    name: "has_password",
    title: "Password",
    kind: "text",
    value: ({ has_password }) => (has_password ? "asked for" : null),
  },
  { name: "expires_at", title: "Until", kind: "time" },
  { name: "created_at", title: "Made", kind: "time" },
];
