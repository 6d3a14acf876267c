/** The last rejected requests, in words: faults of an integration show here within seconds. */
import { useState } from "preact/hooks";
import type { RequestRow } from "../../worker/admin/requests.ts";
import { useAnswer, useRefreshing } from "../answers.ts";
import { clockTime } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import { Hint, keyOf, reasonOf } from "../requests/columns.tsx";
import { RequestDetail } from "../requests/detail.tsx";
import { lastRejected } from "../requests/query.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";

const EVERY_MS = 5_000;
export function Rejected({ scope }: { scope: Scope }) {
  const { go } = useNavigation();
  const answer = useAnswer(lastRejected(scope));
  const [open, show] = useState<RequestRow | null>(null);
  useRefreshing(EVERY_MS);
  return (
    <Panel
      name="rejected"
      title={words.setup.recentRejections}
      actions={
        <button type="button" class="button" onClick={() => go({ view: "requests", part: "rejected" })}>
          {words.common.requestLog}
        </button>
      }
    >
      <Answered
        answer={answer}
        what={words.setup.refusedRequests}
        skeleton={<ol class="refusals" aria-hidden="true" />}
      >
        {({ rows }) => (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling element must be reachable by keyboard
          <ol class="refusals" tabIndex={0} aria-label={words.setup.recentRejectionsTheNewest}>
            {rows.map((row) => (
              <li key={keyOf(row)}>
                <button
                  type="button"
                  class="link"
                  title={words.common.showAllThatIsKnownOfIt}
                  onClick={() => show(row)}
                >
                  <strong>{row.event_type ?? words.common.request}</strong>{" "}
                  <time class="muted" dateTime={row.at}>
                    {clockTime(row.at, scope.timezone)}
                  </time>
                </button>
                <p>
                  <Hint text={reasonOf(row)} />
                </p>
              </li>
            ))}
            {rows.length === 0 && <li class="muted">{words.setup.nothingWasRefusedInTheLast}</li>}
          </ol>
        )}
      </Answered>
      {open && <RequestDetail row={open} timezone={scope.timezone} close={() => show(null)} />}
    </Panel>
  );
}
