/** How many came and what became of them, with the reasons of those that were refused. */
import type { RequestCounts, Requests } from "../../worker/admin/requests.ts";
import { Fact } from "../fact.tsx";
import { Count } from "../figure.tsx";
import { timeText, words } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import type { Column } from "../table/columns.ts";
import { DataTable } from "../table/table.tsx";
import { Hint } from "./columns.tsx";

type Reason = RequestCounts["by_reason"][number];

const COLUMNS: readonly Column<Reason>[] = [
  { name: "code", title: "Code", kind: "text" },
  { name: "field", title: "Field", kind: "text" },
  { name: "total", title: "Refused", kind: "count" },
  {
    name: "hint",
    title: "What to do",
    kind: "text",
    prose: true,
    show: ({ hint }) => <Hint text={hint} />,
  },
  { name: "door", title: "Source", kind: "text" },
];

export function Counts({ counts: { accepted, accepted_as, rejected } }: Pick<Requests, "counts">) {
  return (
    <dl class="facts">
      <Fact name="Accepted">
        <Count value={accepted} />
      </Fact>
      {Object.entries(accepted_as).map(([outcome, total]) => (
        <Fact key={outcome} name={`– ${words(outcome).toLowerCase()}`}>
          <Count value={total} />
        </Fact>
      ))}
      <Fact name="Rejected">
        <Count value={rejected} />
      </Fact>
    </dl>
  );
}

export function Reasons({ data: { counts, since }, timezone }: { data: Requests; timezone: string }) {
  const { address, go } = useNavigation();
  return (
    <>
      <p class="lead">
        Since {timeText(since, timezone)}, {timezone}
      </p>
      <Counts counts={counts} />
      <DataTable
        aside
        name="Reasons"
        columns={COLUMNS}
        rows={counts.by_reason}
        keyOf={({ door, code, field }) => `${door} ${code} ${field}`}
        timezone={timezone}
        sort="-total"
        press={({ code }) =>
          code === address.code
            ? undefined
            : { title: `Show only requests refused with ${code}`, go: () => go({ code, part: undefined }) }
        }
        none={<p>Nothing was refused.</p>}
      />
    </>
  );
}
