/** The number of requests by outcome, with the reasons of the rejected ones. */
import type { RequestCounts, Requests } from "../../worker/admin/requests.ts";
import { Fact } from "../fact.tsx";
import { Count } from "../figure.tsx";
import { stateText, timeText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import type { Column } from "../table/columns.ts";
import { DataTable } from "../table/table.tsx";
import { words } from "../words.ts";
import { Hint } from "./columns.tsx";

type Reason = RequestCounts["by_reason"][number];

const COLUMNS: readonly Column<Reason>[] = [
  { name: "code", title: words.requests.code, kind: "text" },
  { name: "field", title: words.common.field, kind: "text" },
  { name: "total", title: words.requests.refused, kind: "count" },
  {
    name: "hint",
    title: words.requests.whatToDo,
    kind: "text",
    prose: true,
    show: ({ hint }) => <Hint text={hint} />,
  },
  { name: "door", title: words.common.source, kind: "text" },
];

export function Counts({ counts: { accepted, accepted_as, rejected } }: Pick<Requests, "counts">) {
  return (
    <dl class="facts">
      <Fact name={words.requests.accepted}>
        <Count value={accepted} />
      </Fact>
      {Object.entries(accepted_as).map(([outcome, total]) => (
        <Fact key={outcome} name={`– ${stateText(outcome)}`}>
          <Count value={total} />
        </Fact>
      ))}
      <Fact name={words.requests.rejected}>
        <Count value={rejected} />
      </Fact>
    </dl>
  );
}

export function Reasons({ data: { counts, since }, timezone }: { data: Requests; timezone: string }) {
  const { address, go } = useNavigation();
  return (
    <>
      <p class="lead">{words.requests.since(timeText(since, timezone), timezone)}</p>
      <Counts counts={counts} />
      <DataTable
        aside
        name={words.common.reasons}
        columns={COLUMNS}
        rows={counts.by_reason}
        keyOf={({ door, code, field }) => `${door} ${code} ${field}`}
        timezone={timezone}
        sort="-total"
        press={({ code }) =>
          code === address.code
            ? undefined
            : { title: words.requests.showOnlyRequestsRefused(code), go: () => go({ code, part: undefined }) }
        }
        none={<p>{words.requests.nothingWasRefused}</p>}
      />
    </>
  );
}
