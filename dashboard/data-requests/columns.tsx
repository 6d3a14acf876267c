/** The columns of the list of erasures. */
import type { SignedReceipt } from "../../worker/erasure/receipt.ts";
import type { Column } from "../table/columns.ts";

export const total = ({ found }: SignedReceipt): number => Object.values(found).reduce((all, one) => all + one, 0);

export const Progress = ({ of: { status, error } }: { of: SignedReceipt }) =>
  status === "finished" ? (
    <span class="badge good">finished</span>
  ) : error === null ? (
    <span class="badge">running…</span>
  ) : (
    <span class="badge warn">held up</span>
  );

export const COLUMNS: readonly Column<SignedReceipt>[] = [
  { name: "requested_at", title: "Requested", kind: "time" },
  {
    name: "status",
    title: "Status",
    kind: "text",
    show: (row) => <Progress of={row} />,
  },
  {
    name: "subject",
    title: "Who",
    kind: "text",
    hint: "A digest: two receipts of one player have the same, and nobody can find out who it was",
    show: ({ subject }) => (
      <code class="id" title={subject}>
        {subject.slice(0, 12)}…
      </code>
    ),
  },
  { name: "found", title: "Found", kind: "count", hint: "Rows, samples and events, in all stores", value: total },
  {
    name: "suppress",
    title: "Future events",
    kind: "text",
    value: ({ suppress }) => (suppress ? "refused" : "recorded"),
  },
  { name: "finished_at", title: "Finished", kind: "time" },
];
