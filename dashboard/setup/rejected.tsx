/** The last requests that were refused, in words: where an integration goes wrong, it shows here within seconds. */
import { useState } from "preact/hooks";
import type { RequestRow } from "../../worker/admin/requests.ts";
import { useAnswer, useRefreshing } from "../answers.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import { COLUMNS, keyOf } from "../requests/columns.tsx";
import { RequestDetail } from "../requests/detail.tsx";
import { lastRejected } from "../requests/query.ts";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";

const EVERY_MS = 5_000;
const SHOWN = COLUMNS.filter(({ name }) => ["at", "event_type", "hint"].includes(name));

export function Rejected({ scope }: { scope: Scope }) {
  const { go } = useNavigation();
  const answer = useAnswer(lastRejected(scope));
  const [open, show] = useState<RequestRow | null>(null);
  useRefreshing(EVERY_MS);
  return (
    <Panel
      name="rejected"
      title="Refused lately"
      actions={
        <button type="button" class="button" onClick={() => go({ view: "requests", part: "rejected" })}>
          Request log
        </button>
      }
    >
      <Answered answer={answer} what="refused requests" skeleton={<TableSkeleton columns={SHOWN} rows={3} />}>
        {({ rows }) => (
          <DataTable
            aside
            name="Refused lately"
            columns={SHOWN}
            rows={rows}
            keyOf={keyOf}
            timezone={scope.timezone}
            sort="-at"
            press={(row) => ({ title: "Show all that is known of it", go: () => show(row) })}
            none={<p>Nothing was refused in the last 24 hours.</p>}
          />
        )}
      </Answered>
      {open && <RequestDetail row={open} timezone={scope.timezone} close={() => show(null)} />}
    </Panel>
  );
}
