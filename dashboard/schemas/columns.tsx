/** The columns of the list of schemas, and of how events drift from one. */
import type { SchemaVersionView } from "../../worker/admin/schemas.ts";
import type { Drift } from "../../worker/registry/drift.ts";
import type { Column } from "../table/columns.ts";
import type { TypeRow } from "./query.ts";

/** A type whose last version is not in force was retired. */
type Standing = Pick<SchemaVersionView, "current" | "mode">;
const standingOf = ({ current, mode }: Standing): string => (current ? mode : "retired");
const TONES: Record<string, string> = { enforce: "badge good", warn: "badge warn" };

export const Mode = (version: Standing) => (
  <span class={TONES[standingOf(version)] ?? "badge"}>{standingOf(version)}</span>
);

export const COLUMNS: readonly Column<TypeRow>[] = [
  { name: "event_type", title: "Event type", kind: "text" },
  { name: "mode", title: "Mode", kind: "text", value: standingOf, show: (row) => <Mode {...row} /> },
  { name: "version", title: "Version", kind: "count" },
  { name: "versions", title: "Versions", kind: "count" },
  { name: "created_at", title: "Last changed", kind: "time" },
];

type Violation = Drift["violations"][number];
type Unnamed = Drift["unnamed"][number];

export const VIOLATIONS: readonly Column<Violation>[] = [
  { name: "field", title: "Field", kind: "text" },
  { name: "events", title: "Events", kind: "count" },
  { name: "message", title: "What is wrong", kind: "text", prose: true },
  {
    name: "example_event_id",
    title: "For example",
    kind: "text",
  },
];

export const UNNAMED: readonly Column<Unnamed>[] = [
  { name: "field", title: "Field", kind: "text" },
  { name: "events", title: "Events", kind: "count" },
  { name: "types", title: "Holds", kind: "text", value: ({ types }) => types.join(", ") },
];
