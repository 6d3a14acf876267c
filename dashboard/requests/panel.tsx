/** Recent requests and their outcomes: counts by reason, and the requests themselves. */
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
import { words } from "../words.ts";
import { COLUMNS, keyOf } from "./columns.tsx";
import { RequestDetail } from "./detail.tsx";
import { requests, requestsCsv, statusOf } from "./query.ts";
import { Reasons } from "./reasons.tsx";

const OUTCOMES = { all: words.common.all, accepted: words.requests.accepted, rejected: words.requests.rejected };
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
      <Panel name="reasons" title={words.requests.rejectedRequests}>
        <Answered answer={first} what={words.requests.counts} skeleton={<TableSkeleton columns={COLUMNS} rows={5} />}>
          {(data) => <Reasons data={data} timezone={timezone} />}
        </Answered>
      </Panel>
      {/* The list below appears together with the reasons, whose number would otherwise move it. */}
      {(first.data || first.error) && (
        <Panel
          name="requests"
          title={words.requests.requests}
          actions={
            <>
              <Choices
                legend={words.requests.outcome}
                options={OUTCOMES}
                chosen={statusOf(address) ?? "all"}
                choose={(part) => go({ part: part === "all" ? undefined : part })}
              />
              <Pick
                label={words.requests.code}
                every={words.requests.allReasons}
                options={Object.fromEntries(codes)}
                chosen={address.code}
                choose={(code) => go({ code })}
              />
              <PickType />
              <button type="button" class="button" aria-pressed={held} onClick={() => hold(!held)}>
                {held ? words.common.goOn : words.common.pause}
              </button>
              <TableTools csv={{ url: requestsCsv(scope), name: `requests_${project_id}.csv` }} />
            </>
          }
        >
          <PagedList
            name={words.requests.requests}
            columns={COLUMNS}
            query={(cursor) => requests(scope, cursor as string | undefined, held)}
            keyOf={keyOf}
            timezone={timezone}
            press={(row) => ({ title: words.common.showAllThatIsKnownOfIt, go: () => show(row) })}
            none={
              filtered ? (
                <>
                  <p>{words.requests.noRequestOfTheLast24Hours}</p>
                  <button
                    type="button"
                    class="button"
                    onClick={() => go({ part: undefined, event_type: undefined, code: undefined })}
                  >
                    {words.common.clearFilters}
                  </button>
                </>
              ) : (
                <>
                  <p>{words.requests.nothingCameIn24Hours}</p>
                  <button type="button" class="button" onClick={() => go({ view: "setup" })}>
                    {words.common.setUp}
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
