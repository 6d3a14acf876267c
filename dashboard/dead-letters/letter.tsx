/** One dead letter: its content and why it failed; it can be changed, replayed or discarded here. */
import { useState } from "preact/hooks";
import type { DeadLetterView } from "../../worker/admin/dead-letters.ts";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { ActionError, Confirm, Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form } from "../act/form.tsx";
import { readJson } from "../act/json.ts";
import { ApiError, client, read } from "../api.ts";
import { Fact } from "../fact.tsx";
import { NOTHING, stateText, timeText } from "../format.ts";
import { words } from "../words.ts";
import { Standing } from "./columns.tsx";
import { discard, replay } from "./query.ts";

type Shown = { letter: DeadLetterView; timezone: string; close: () => void };
/** The initial text of an edit, for a message that could not be read. */
const NEW_EVENT = { project_id: "default", event_type: "", player_id: "" };

export function Letter({ letter: first, timezone, close }: Shown) {
  const [letter, setLetter] = useState(first);
  const [part, setPart] = useState<"shown" | "edited" | "discarded">("shown");
  const { id, event_type, event, error, consumer, failed_at, resolved_at, status, project_id, event_id, shard } =
    letter;
  const replayed = useAction(async () => {
    const { failed, why } = await replay({ ids: [id], shard });
    if (failed > 0) throw new ApiError(0, words.deadLetters.itCouldNotBeStored, why ?? "");
  }, words.deadLetters.replayedTheEventIsInTheLog);
  const discarded = useAction(() => discard({ ids: [id], shard }), words.deadLetters.theLetterIsDiscarded);
  const back = () => setPart("shown");

  if (part === "discarded")
    return (
      <Confirm
        title={words.deadLetters.discardTheLetter}
        label={words.deadLetters.discardLetterButton}
        action={discarded}
        close={close}
      >
        <p>{words.deadLetters.itsEventWillNotBeCounted}</p>
      </Confirm>
    );
  return (
    <Dialog title={words.deadLetters.deadLetter(id)} wide close={close}>
      <dl class="facts">
        <Fact name={words.common.status}>
          <Standing status={status} />
        </Fact>
        <Fact name={words.common.eventType}>{event_type ?? words.deadLetters.unreadable}</Fact>
        <Fact name={words.common.project}>{project_id ?? NOTHING}</Fact>
        <Fact name={words.common.eventId}>{event_id ?? NOTHING}</Fact>
        <Fact name={words.deadLetters.consumer}>{consumer}</Fact>
        <Fact name={words.deadLetters.failedAt(timezone)}>{timeText(failed_at, timezone)}</Fact>
        {resolved_at && <Fact name={`${stateText(status)} (${timezone})`}>{timeText(resolved_at, timezone)}</Fact>}
      </dl>
      <div class="dialog-body">
        <h3>{words.common.error}</h3>
        <p class="error-text">{error}</p>
        {part === "edited" ? (
          <Edit letter={letter} changed={setLetter} back={back} />
        ) : (
          <>
            <h3>
              {event_id === null ? words.deadLetters.theMessageWhichHoldsNo : words.deadLetters.theEventAsItIsStored}
            </h3>
            <Copied text={JSON.stringify(event, null, 2)} />
          </>
        )}
      </div>
      {status === "waiting" && part === "shown" && (
        <>
          <ActionError action={replayed} />
          <p class="dialog-actions">
            <button type="button" class="button" onClick={() => setPart("discarded")}>
              {words.deadLetters.discard}
            </button>
            <button type="button" class="button" onClick={() => setPart("edited")}>
              {words.deadLetters.edit}
            </button>
            <button
              type="button"
              class="button primary"
              disabled={replayed.busy}
              onClick={async () => (await replayed.run()) && close()}
            >
              {replayed.busy ? words.common.working : words.deadLetters.replay}
            </button>
          </p>
        </>
      )}
    </Dialog>
  );
}

type Edited = { letter: DeadLetterView; changed: (letter: DeadLetterView) => void; back: () => void };

function Edit({ letter: { id, sent, event_id, shard }, changed, back }: Edited) {
  const action = useAction(async ({ event }: Filled) => {
    const edited = readJson("event", event);
    // The server expects changes: fields that were deleted in the editor are sent as null.
    const gone = Object.fromEntries(Object.keys(sent).map((name) => [name, null]));
    const changes = { event: { ...gone, ...edited } };
    const param = { id: String(id) };
    changed(await read(client["dead-letters"][":id{[0-9]+}"].$patch({ param, json: changes, query: { shard } })));
  }, words.deadLetters.theEventIsChangedReplayIt);
  const event = event_id === null ? NEW_EVENT : sent;
  return (
    <Form action={action} label={words.deadLetters.saveTheEvent} done={back} cancel={back}>
      <Field
        name="event"
        label={words.deadLetters.theEventByItsFieldsAsJson}
        hint={words.deadLetters.byTheRulesOfTheEventsApi}
        lines={16}
        value={JSON.stringify(event, null, 2)}
        required
      />
    </Form>
  );
}
