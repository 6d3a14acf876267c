/** What came lately and what became of it: counts by reason, and the requests themselves. */
import { useState } from "preact/hooks";
import type { RequestRow } from "../../worker/admin/requests.ts";
import { useAnswer, useRefreshing } from "../answers.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { PagedList } from "../table/list.tsx";
import { Pick, PickType } from "../table/pick.tsx";
import { TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { COLUMNS, keyOf } from "./columns.tsx";
import { RequestDetail } from "./detail.tsx";
import { requests, requestsCsv, statusOf } from "./query.ts";
import { Reasons } from "./reasons.tsx";

const OUTCOMES = { all: "All", accepted: "Accepted", rejected: "Rejected" };
const EVERY_MS = 5_000;

export function RequestsPanels({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const { project_id, timezone } = scope;
  const [held, hold] = useState(false);
  const [open, show] = useState<RequestRow | null>(null);
  useRefreshing(held ? null : EVERY_MS);
  const first = useAnswer(requests(scope, undefined, held));
  const codes = first.data?.counts.by_reason.map(({ code }) => [code, code]) ?? [];
  const filtered = address.part || address.event_type || address.code;
  return (
    <div class="panels">
      <Panel name="reasons" title="Rejected requests">
        <Answered answer={first} what="counts" skeleton={<TableSkeleton columns={COLUMNS} rows={5} />}>
          {(data) => <Reasons data={data} timezone={timezone} />}
        </Answered>
      </Panel>
      {/* How many reasons there are moves what is below them: it comes with them. */}
      {(first.data || first.error) && (
        <Panel
          name="requests"
          title="Requests"
          actions={
            <>
              <Choices
                legend="Outcome"
                options={OUTCOMES}
                chosen={statusOf(address) ?? "all"}
                choose={(part) => go({ part: part === "all" ? undefined : part })}
              />
              <Pick
                label="Code"
                every="All reasons"
                options={Object.fromEntries(codes)}
                chosen={address.code}
                choose={(code) => go({ code })}
              />
              <PickType />
              <button type="button" class="button" aria-pressed={held} onClick={() => hold(!held)}>
                {held ? "Go on" : "Pause"}
              </button>
              <TableTools csv={{ url: requestsCsv(scope), name: `requests_${project_id}.csv` }} />
            </>
          }
        >
          <PagedList
            name="Requests"
            columns={COLUMNS}
            query={(cursor) => requests(scope, cursor as string | undefined, held)}
            keyOf={keyOf}
            timezone={timezone}
            press={(row) => ({ title: "Show all that is known of it", go: () => show(row) })}
            none={
              filtered ? (
                <>
                  <p>No request of the last 24 hours fits.</p>
                  <button
                    type="button"
                    class="button"
                    onClick={() => go({ part: undefined, event_type: undefined, code: undefined })}
                  >
                    Clear filters
                  </button>
                </>
              ) : (
                <>
                  <p>Nothing came in the last 24 hours.</p>
                  <button type="button" class="button" onClick={() => go({ view: "setup" })}>
                    Set up
                  </button>
                </>
              )
            }
          />
        </Panel>
      )}
      {open && <RequestDetail row={open} timezone={timezone} close={() => show(null)} />}
    </div>
  );
}
