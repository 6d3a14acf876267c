/** The columns of the list of schemas, and of how events drift from one. */
import type { SchemaVersionView } from "../../worker/admin/schemas.ts";
import type { Drift } from "../../worker/registry/drift.ts";
import { stateText } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";
import type { TypeRow } from "./query.ts";

/** A type whose last version is not in force was retired. */
type Standing = Pick<SchemaVersionView, "current" | "mode">;
const standingOf = ({ current, mode }: Standing): string => (current ? mode : "retired");
const TONES: Record<string, string> = { enforce: "badge good", warn: "badge warn" };

export const Mode = (version: Standing) => (
  <span class={TONES[standingOf(version)] ?? "badge"}>{stateText(standingOf(version))}</span>
);

export const COLUMNS: readonly Column<TypeRow>[] = [
  { name: "event_type", title: words.common.eventType, kind: "text" },
  { name: "mode", title: words.schemas.mode, kind: "text", value: standingOf, show: (row) => <Mode {...row} /> },
  { name: "version", title: words.common.version, kind: "count" },
  { name: "versions", title: words.schemas.versions, kind: "count" },
  { name: "created_at", title: words.schemas.lastChanged, kind: "time" },
];

type Violation = Drift["violations"][number];
type Unnamed = Drift["unnamed"][number];

export const VIOLATIONS: readonly Column<Violation>[] = [
  { name: "field", title: words.common.field, kind: "text" },
  { name: "events", title: words.common.events, kind: "count" },
  { name: "message", title: words.common.whatIsWrong, kind: "text", prose: true },
  {
    name: "example_event_id",
    title: words.schemas.forExample,
    kind: "text",
  },
];

export const UNNAMED: readonly Column<Unnamed>[] = [
  { name: "field", title: words.common.field, kind: "text" },
  { name: "events", title: words.common.events, kind: "count" },
  { name: "types", title: words.schemas.holds, kind: "text", value: ({ types }) => types.join(", ") },
];
