/** One target: how it does, what was sent to it, and what can be done with it. */
import { useState } from "preact/hooks";
import type { TargetView, Tested, TryView } from "../../worker/admin/postbacks.ts";
import { useAction } from "../act/action.ts";
import { ActionError, Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { Facts } from "../figure.tsx";
import { exact, timeText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { Standing, TRIES } from "./columns.tsx";
import { ShownTest } from "./dialogs.tsx";
import { tries } from "./query.ts";

/** `which` is what the API is asked to send, and `what` how that is called. */
type Again = { which: { event_id: string } | { dead: true }; what: string };
type Opened = "remove" | Again | Tested;
type Shown = { target: TargetView; scope: Scope };

export function OneTarget({ target, scope: { timezone } }: Shown) {
  const { go } = useNavigation();
  const [opened, open] = useState<Opened | null>(null);
  const { id, name, state, failures, paused_at, paused_by, method, url } = target;
  const param = { id };
  const one = client.postbacks[":id"];
  const close = () => open(null);
  const all = () => go({ part: undefined });
  const paused = paused_at !== null;
  const action = useAction((act: () => Promise<unknown>) => act(), "Done.");
  const test = async () => open(await read(one.test.$post({ param })));
  const asked = (act: () => Promise<unknown>) => ({ ...action, run: () => action.run(act) });
  return (
    <div class="panels">
      <Panel
        name="postback"
        title={name}
        actions={
          <>
            <button type="button" class="button" onClick={all}>
              All targets
            </button>
            <button
              type="button"
              class="button"
              disabled={action.busy}
              onClick={() => action.run(() => read(one.$patch({ param, json: { paused: !paused } })))}
            >
              {paused ? "Resume" : "Pause"}
            </button>
            <button type="button" class="button danger" onClick={() => open("remove")}>
              Remove…
            </button>
            <button type="button" class="button primary" disabled={action.busy} onClick={() => action.run(test)}>
              {action.busy ? "Working…" : "Send an example"}
            </button>
          </>
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
        {opened === null && <ActionError action={action} />}
      </Panel>
      <Log id={id} timezone={timezone} again={open} />
      {opened === "remove" ? (
        <Confirm
          title={`Remove ${name}?`}
          label="Remove the target"
          action={asked(() => read(one.$delete({ param })))}
          close={close}
        >
          <p>Nothing is sent to it any more, and its log goes.</p>
        </Confirm>
      ) : opened && "which" in opened ? (
        <Confirm
          title="Send it again?"
          label="Send it again"
          tone="primary"
          action={asked(() => read(one.resend.$post({ param, json: opened.which })))}
          close={close}
        >
          <p>{opened.what} is sent as if it were new.</p>
        </Confirm>
      ) : (
        opened && <ShownTest tested={opened} close={close} />
      )}
    </div>
  );
}

type Logged = { id: string; timezone: string; again: (asked: Again) => void };

function Log({ id, timezone, again }: Logged) {
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
    </Panel>
  );
}
