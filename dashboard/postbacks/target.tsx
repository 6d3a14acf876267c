/** One target: how it does, what was sent to it, and what can be done with it. */
import { useState } from "preact/hooks";
import type { PresetView, TargetView, Tested, TryView } from "../../worker/admin/postbacks.ts";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { Facts } from "../figure.tsx";
import { exact, timeText } from "../format.ts";
import { Kept } from "../kept.tsx";
import { Answered, Panel } from "../panel.tsx";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { Standing, TRIES } from "./columns.tsx";
import { type Made, ShownSecret, ShownTest, TargetForm } from "./dialogs.tsx";
import { tries } from "./query.ts";

/** `which` is what the API is asked to send, and `what` how that is called. */
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
        all="targets"
        lost="Nothing more is sent to it, and its log is removed."
        paused={paused_at !== null}
        test="Send an example"
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
            ...(paused_at && { Paused: `${timeText(paused_at, timezone)}, by ${paused_by}` }),
            [method]: <code class="id">{url}</code>,
          }}
        />
      </Kept>
      <Log id={id} timezone={timezone} />
    </div>
  );
}

function SendAgain({ id, which, what, close }: Again & { id: string; close: () => void }) {
  const action = useAction(() => read(client.postbacks[":id"].resend.$post({ param: { id }, json: which })), "Done.");
  return (
    <Confirm title="Send it again?" label="Send it again" tone="primary" action={action} close={close}>
      <p>{what} is sent as if it were new.</p>
    </Confirm>
  );
}

function Log({ id, timezone }: { id: string; timezone: string }) {
  const [asked, again] = useState<Again | null>(null);
  const answer = useAnswer(tries(id));
  const press = ({ try: nth, event_id }: TryView) =>
    nth === 0
      ? undefined
      : { title: `Send ${event_id} again…`, go: () => again({ which: { event_id }, what: event_id }) };
  return (
    <Panel
      name="postback-log"
      title="What was sent"
      actions={
        <button
          type="button"
          class="button"
          onClick={() => again({ which: { dead: true }, what: "What was given up" })}
        >
          Send again…
        </button>
      }
    >
      <p class="lead">
        The last hundred tries, kept for 30 days. Press one to send its event again. Times: {timezone}.
      </p>
      <Answered answer={answer} what="what was sent" skeleton={<TableSkeleton columns={TRIES} rows={4} />}>
        {({ rows }) => (
          <DataTable
            name="What was sent"
            columns={TRIES}
            rows={rows}
            keyOf={({ n }) => String(n)}
            timezone={timezone}
            sort="-at"
            press={press}
            none={<p>Nothing was sent yet. Send an example to see what comes back.</p>}
          />
        )}
      </Answered>
      {asked && <SendAgain id={id} {...asked} close={() => again(null)} />}
    </Panel>
  );
}
