/** Events that the log could not store: looked at, mended, stored after all, or given up. */
import { useState } from "preact/hooks";
import type { DeadLetterView } from "../../worker/admin/dead-letters.ts";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { useNavigation } from "../navigation.ts";
import { Choices, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { PagedList } from "../table/list.tsx";
import { PickType } from "../table/pick.tsx";
import { COLUMNS } from "./columns.tsx";
import { Letter } from "./letter.tsx";
import { deadLetters, STATUSES, statusOf, type Work, workThrough } from "./query.ts";

export function DeadLettersPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const [open, show] = useState<DeadLetterView | null>(null);
  const [work, begin] = useState<Work | null>(null);
  const { data } = useAnswer(deadLetters(address));
  const status = statusOf(address);
  const some = status === "waiting" && (data?.rows.length ?? 0) > 0;
  return (
    <Panel
      name="dead-letters"
      title="Failed events"
      actions={
        <>
          <Choices
            legend="Status"
            options={STATUSES}
            chosen={status}
            choose={(part) => go({ part: part === "waiting" ? undefined : part })}
          />
          <PickType />
          <button type="button" class="button" disabled={!some} onClick={() => begin("discard")}>
            Discard all…
          </button>
          <button type="button" class="button primary" disabled={!some} onClick={() => begin("replay")}>
            Replay all…
          </button>
        </>
      }
    >
      <p class="lead">
        Events that were accepted, and that the log could not store in all its tries
        {address.project_id === undefined && scope.principal.project_id === null && ". Those of every project"}.
      </p>
      <PagedList
        name="Failed events"
        columns={COLUMNS}
        query={(cursor) => deadLetters(address, cursor as number | undefined)}
        keyOf={({ id }) => String(id)}
        timezone={scope.timezone}
        press={(letter) => ({ title: "Show the event and the error", go: () => show(letter) })}
        none={<None scope={scope} />}
      />
      {open && <Letter letter={open} timezone={scope.timezone} close={() => show(null)} />}
      {work && <All work={work} scope={scope} close={() => begin(null)} />}
    </Panel>
  );
}

function None({ scope: { address } }: { scope: Scope }) {
  const { go } = useNavigation();
  if (!address.event_type && statusOf(address) === "waiting")
    return <p>Nothing failed: every event that was accepted is in the log.</p>;
  return (
    <>
      <p>No letter fits.</p>
      <button type="button" class="button" onClick={() => go({ part: undefined, event_type: undefined })}>
        Show all that wait
      </button>
    </>
  );
}

function All({ work, scope: { address }, close }: { work: Work; scope: Scope; close: () => void }) {
  const [progress, tell] = useState("");
  const action = useAction(() => workThrough(work, address, tell));
  const which = [
    address.event_type ? `of the type ${address.event_type}` : "of every type",
    address.project_id ? `of ${address.project_id}` : "of every project that you administer",
  ].join(", ");
  const replays = work === "replay";
  return (
    <Confirm
      title={replays ? "Replay all that wait?" : "Discard all that wait?"}
      label={replays ? "Replay all" : "Discard all"}
      tone={replays ? "primary" : "danger"}
      action={action}
      close={close}
    >
      <p>
        All letters that wait, {which}, are {replays ? "stored" : "given up: their events will not be counted"}.
        {replays && " What the log has already stays as it is, so doing it twice changes nothing."}
      </p>
      <p role="status">{!action.error && progress}</p>
    </Confirm>
  );
}
