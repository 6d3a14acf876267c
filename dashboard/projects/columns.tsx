/** The columns of the list of projects. */
import type { ProjectView } from "../../worker/admin/projects.ts";
import type { Column } from "../table/columns.ts";
import { RETAINED } from "./settings.ts";

export const COLUMNS: readonly Column<ProjectView>[] = [
  { name: "project_id", title: "Project", kind: "text" },
  { name: "name", title: "Name", kind: "text" },
  { name: "timezone", title: "Time zone", kind: "text" },
  { name: "currency", title: "Currency", kind: "text" },
  {
    name: "attribution_days",
    title: "Attribution",
    kind: "count",
    hint: "Days that a visit's tag counts for what follows",
  },
  {
    name: "retention",
    title: "Kept",
    kind: "text",
    value: ({ retention }) =>
      RETAINED.some((name) => retention[name] !== undefined) ? "with limits" : "everything, for ever",
  },
  {
    name: "created_at",
    title: "Made",
    kind: "time",
    // The project that every instance begins with was made at no time.
    value: ({ created_at }) => (Date.parse(created_at) > 0 ? created_at : null),
  },
];
