/** Events that the log could not store: they can be read, edited, replayed or discarded. */
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
import { words } from "../words.ts";
import { COLUMNS } from "./columns.tsx";
import { Letter } from "./letter.tsx";
import { deadLetters, STATUSES, statusOf, type Work, workThrough } from "./query.ts";

export function DeadLettersPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const [open, show] = useState<DeadLetterView | null>(null);
  const [work, begin] = useState<Work | null>(null);
  const { data } = useAnswer(deadLetters(address));
  const status = statusOf(address);
  const someWait = status === "waiting" && (data?.rows.length ?? 0) > 0;
  return (
    <Panel
      name="dead-letters"
      title={words.common.failedEvents}
      actions={
        <>
          <Choices
            legend={words.common.status}
            options={STATUSES}
            chosen={status}
            choose={(part) => go({ part: part === "waiting" ? undefined : part })}
          />
          <PickType />
          <button type="button" class="button" disabled={!someWait} onClick={() => begin("discard")}>
            {words.deadLetters.discardAll}
          </button>
          <button type="button" class="button primary" disabled={!someWait} onClick={() => begin("replay")}>
            {words.deadLetters.replayAll}
          </button>
        </>
      }
    >
      <p class="lead">
        {words.deadLetters.acceptedEventsThatCould}
        {address.project_id === undefined &&
          scope.principal.project_id === null &&
          words.deadLetters.thoseOfEveryProject}
        .
      </p>
      <PagedList
        name={words.common.failedEvents}
        columns={COLUMNS}
        query={(cursor) => deadLetters(address, cursor as number | undefined)}
        keyOf={({ id }) => String(id)}
        timezone={scope.timezone}
        press={(letter) => ({ title: words.deadLetters.showTheEventAndTheError, go: () => show(letter) })}
        none={<None scope={scope} />}
      />
      {open && <Letter letter={open} timezone={scope.timezone} close={() => show(null)} />}
      {work && <All work={work} scope={scope} close={() => begin(null)} />}
    </Panel>
  );
}

function None({ scope: { address } }: { scope: Scope }) {
  const { go } = useNavigation();
  if (!address.event_type && statusOf(address) === "waiting") return <p>{words.deadLetters.nothingFailedEveryEvent}</p>;
  return (
    <>
      <p>{words.deadLetters.noLetterFits}</p>
      <button type="button" class="button" onClick={() => go({ part: undefined, event_type: undefined })}>
        {words.deadLetters.showAllThatWait}
      </button>
    </>
  );
}

function All({ work, scope: { address }, close }: { work: Work; scope: Scope; close: () => void }) {
  const [progress, tell] = useState("");
  const action = useAction(() => workThrough(work, address, tell));
  const conditions = [
    address.event_type ? words.deadLetters.ofTheType(address.event_type) : words.deadLetters.ofEveryType,
    address.project_id ? words.deadLetters.ofProject(address.project_id) : words.deadLetters.ofEveryProjectThatYou,
  ].join(", ");
  const replays = work === "replay";
  return (
    <Confirm
      title={replays ? words.deadLetters.replayAllThatWait : words.deadLetters.discardAllThatWait}
      label={replays ? words.deadLetters.replayAllButton : words.deadLetters.discardAllButton}
      tone={replays ? "primary" : "danger"}
      action={action}
      close={close}
    >
      <p>
        {replays ? words.deadLetters.allAreStored(conditions) : words.deadLetters.allAreGivenUp(conditions)}
        {replays && words.deadLetters.whatTheLogHasAlreadyStays}
      </p>
      <p role="status">{!action.error && progress}</p>
    </Confirm>
  );
}
