/** One target: its state, the postbacks sent to it, and the actions for it. */
import { useState } from "preact/hooks";
import type { TargetView } from "../../worker/admin/postback-target.ts";
import type { Tested, TryView } from "../../worker/admin/postback-tries.ts";
import type { PresetView } from "../../worker/admin/postbacks.ts";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { Facts } from "../figure.tsx";
import { exact, timeText } from "../format.ts";
import { Kept } from "../kept.tsx";
import { Answered, Panel } from "../panel.tsx";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { words } from "../words.ts";
import { Standing, TRIES } from "./columns.tsx";
import { type Made, ShownSecret, ShownTest, TargetForm } from "./dialogs.tsx";
import { tries } from "./query.ts";

/** `which` selects what the API sends again, and `what` is its name. */
type Again = { which: { event_id: string } | { dead: true }; what: string };
type Shown = { target: TargetView; presets: readonly PresetView[]; timezone: string };

export function OneTarget({ target, presets, timezone }: Shown) {
  const { id, project_id, name, state, failures, paused_at, paused_by, method, url } = target;
  return (
    <div class="panels">
      <Kept<Tested | Made>
        of="postbacks"
        id={id}
        name={name}
        all={words.postbacks.allTargets}
        lost={words.postbacks.nothingMoreIsSentToItAnd}
        paused={paused_at !== null}
        test={words.postbacks.sendAnExample}
        dialog={(opened, open, close) =>
          opened === "change" ? (
            <TargetForm project_id={project_id} presets={presets} target={target} show={open} close={close} />
          ) : "taken" in opened ? (
            <ShownTest tested={opened} close={close} />
          ) : (
            <ShownSecret made={opened} close={close} />
          )
        }
      >
        <Facts
          of={{
            State: <Standing state={state} />,
            "Failed in a row": exact(failures),
            ...(paused_at && { Paused: words.postbacks.by(timeText(paused_at, timezone), paused_by ?? "") }),
            [method]: <code class="id">{url}</code>,
          }}
        />
      </Kept>
      <Log id={id} timezone={timezone} />
    </div>
  );
}

function SendAgain({ id, which: selection, what, close }: Again & { id: string; close: () => void }) {
  const action = useAction(
    () => read(client.postbacks[":id"].resend.$post({ param: { id }, json: selection })),
    words.common.done,
  );
  return (
    <Confirm
      title={words.postbacks.sendItAgain}
      label={words.postbacks.sendAgainButton}
      tone="primary"
      action={action}
      close={close}
    >
      <p>{words.postbacks.isSentAsIfItWereNew(what)}</p>
    </Confirm>
  );
}

function Log({ id, timezone }: { id: string; timezone: string }) {
  const [asked, again] = useState<Again | null>(null);
  const answer = useAnswer(tries(id));
  const press = ({ try: nth, event_id }: TryView) =>
    nth === 0
      ? undefined
      : { title: words.postbacks.sendAgain(event_id), go: () => again({ which: { event_id }, what: event_id }) };
  return (
    <Panel
      name="postback-log"
      title={words.postbacks.whatWasSent}
      actions={
        <button
          type="button"
          class="button"
          onClick={() => again({ which: { dead: true }, what: words.postbacks.whatWasGivenUp })}
        >
          {words.postbacks.sendAgainOpens}
        </button>
      }
    >
      <p class="lead">{words.postbacks.theLastHundredTriesKeptFor(timezone)}</p>
      <Answered
        answer={answer}
        what={words.postbacks.whatWasSentInMessage}
        skeleton={<TableSkeleton columns={TRIES} rows={4} />}
      >
        {({ rows }) => (
          <DataTable
            name={words.postbacks.whatWasSent}
            columns={TRIES}
            rows={rows}
            keyOf={({ n }) => String(n)}
            timezone={timezone}
            sort="-at"
            press={press}
            none={<p>{words.postbacks.nothingWasSentYetSendAn}</p>}
          />
        )}
      </Answered>
      {asked && <SendAgain id={id} {...asked} close={() => again(null)} />}
    </Panel>
  );
}
