/** The columns of the list of erasures. */
import type { SignedReceipt } from "../../worker/erasure/receipt.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

export const total = ({ found }: SignedReceipt): number => Object.values(found).reduce((all, one) => all + one, 0);

export const Progress = ({ of: { status, error } }: { of: SignedReceipt }) =>
  status === "finished" ? (
    <span class="badge good">{words.dataRequests.finished}</span>
  ) : error === null ? (
    <span class="badge">{words.dataRequests.running}</span>
  ) : (
    <span class="badge warn">{words.dataRequests.heldUp}</span>
  );

export const COLUMNS: readonly Column<SignedReceipt>[] = [
  { name: "requested_at", title: words.dataRequests.requested, kind: "time" },
  {
    name: "status",
    title: words.common.status,
    kind: "text",
    show: (row) => <Progress of={row} />,
  },
  {
    name: "subject",
    title: words.common.who,
    kind: "text",
    hint: words.dataRequests.aDigestTwoReceiptsOfOne,
    show: ({ subject }) => (
      <code class="id" title={subject}>
        {subject.slice(0, 12)}…
      </code>
    ),
  },
  {
    name: "found",
    title: words.dataRequests.found,
    kind: "count",
    hint: words.dataRequests.rowsSamplesAndEventsInAll,
    value: total,
  },
  {
    name: "suppress",
    title: words.dataRequests.futureEvents,
    kind: "text",
    value: ({ suppress }) => (suppress ? words.dataRequests.refused : words.dataRequests.recorded),
  },
  { name: "finished_at", title: words.dataRequests.finishedColumn, kind: "time" },
];
