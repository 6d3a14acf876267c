/** The columns of the list of share links. */
import type { SegmentView } from "../../worker/admin/segments.ts";
import type { ShareView } from "../../worker/admin/shares.ts";
import { stateText } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { viewOf } from "../views.ts";
import { words } from "../words.ts";
import { standingOf } from "./query.ts";

export const columnsOf = (segments: readonly SegmentView[]): readonly Column<ShareView>[] => [
  { name: "name", title: words.common.name, kind: "text" },
  {
    name: "status",
    title: words.common.status,
    kind: "text",
    value: standingOf,
    show: (share) => {
      const standing = standingOf(share);
      return <span class={standing === "open" ? "badge good" : "badge bad"}>{stateText(standing)}</span>;
    },
  },
  {
    name: "fixed_to",
    title: words.sharing.shows,
    kind: "text",
    value: ({ segment_id, banner_tags, hide_amounts }) => {
      const segment = segments.find((one) => one.segment_id === segment_id)?.name ?? segment_id;
      const tags = banner_tags && words.sharing.tags(banner_tags.join(", "));
      const shown =
        [segment && words.sharing.segment(segment), tags].filter(Boolean).join(words.sharing.and) ||
        words.sharing.allFigures;
      return hide_amounts ? words.sharing.noAmounts(shown) : shown;
    },
  },
  {
    name: "view",
    title: words.sharing.openingView,
    kind: "text",
    value: ({ view }) => (view === null ? words.common.overview : (viewOf(view)?.title ?? view)),
  },
  {
    name: "has_password",
    title: words.common.password,
    kind: "text",
    value: ({ has_password }) => (has_password ? words.sharing.askedFor : null),
  },
  { name: "expires_at", title: words.sharing.until, kind: "time" },
  { name: "created_at", title: words.common.made, kind: "time" },
];
