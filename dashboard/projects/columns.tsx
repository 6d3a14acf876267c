/** The columns of the list of projects. */
import type { ProjectView } from "../../worker/admin/projects.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";
import { RETAINED } from "./settings.ts";

export const COLUMNS: readonly Column<ProjectView>[] = [
  { name: "project_id", title: words.common.project, kind: "text" },
  { name: "name", title: words.common.name, kind: "text" },
  { name: "timezone", title: words.common.timeZone, kind: "text" },
  { name: "currency", title: words.common.currency, kind: "text" },
  {
    name: "attribution_days",
    title: words.projects.attribution,
    kind: "count",
    hint: words.projects.daysThatAVisitTagCountsFor,
  },
  {
    name: "retention",
    title: words.projects.kept,
    kind: "text",
    value: ({ retention }) =>
      RETAINED.some((name) => retention[name] !== undefined)
        ? words.projects.withLimits
        : words.projects.everythingForEver,
  },
  {
    name: "created_at",
    title: words.common.made,
    kind: "time",
    // The project that every instance begins with has no time of creation.
    value: ({ created_at }) => (Date.parse(created_at) > 0 ? created_at : null),
  },
];

/** Of an instance with several databases. */
export const DATABASE: Column<ProjectView> = { name: "shard", title: words.projects.database, kind: "text" };
