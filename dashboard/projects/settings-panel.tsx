/** What a project is set to, as a form. */
import { useState } from "preact/hooks";
import type { ProjectView } from "../../worker/admin/projects.ts";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { Confirm } from "../act/dialog.tsx";
import { Field, type Filled, Form, Tick } from "../act/form.tsx";
import { say } from "../act/said.tsx";
import { client, read } from "../api.ts";
import { dateText } from "../format.ts";
import { Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { BotReview } from "./bot-review.tsx";
import { changesOf, RETAINED, RETENTION, type Settings, settingsIn } from "./settings.ts";
import { Currency, TimeZone } from "./zone.tsx";

type Shown = { project: ProjectView; scope: Scope; open: () => void };

export function SettingsPanel({ project, scope, open }: Shown) {
  const { project_id } = project;
  // What the form began with: what others change meanwhile is not undone by it.
  const [before, setBefore] = useState(project);
  const [asked, ask] = useState<Partial<Settings> | null>(null);
  const save = async (changes: Partial<Settings>) => {
    setBefore(await read(client.projects[":project_id"].$patch({ param: { project_id }, json: changes })));
    say(
      changes.attribution_days === undefined
        ? "Saved. It holds everywhere within 30 seconds."
        : "Saved. The project's people are being attributed again.",
    );
  };
  const action = useAction(async (filled: Filled) => {
    const changes = changesOf(before, settingsIn(filled));
    if (changes.attribution_days === undefined) await save(changes);
    else ask(changes);
  });
  const confirmed = useAction(() => save(asked ?? {}));
  return (
    <Panel
      name="settings"
      title={`Settings of ${before.name}`}
      actions={
        <>
          {project_id !== "default" && <RemoveProject project_id={project_id} />}
          {project_id !== scope.project_id && (
            <button type="button" class="button" onClick={open}>
              Open the project
            </button>
          )}
        </>
      }
    >
      <Form action={action} values={before} label="Save" keep>
        <Fields project={before} />
      </Form>
      {scope.principal.project_id === null && <BotReview project_id={project_id} timezone={scope.timezone} />}
      <Secret project={project} />
      {asked && (
        <Confirm
          title="Attribute the past again?"
          label="Save and attribute again"
          action={confirmed}
          close={() => ask(null)}
        >
          <p>
            With {asked.attribution_days} days instead of {before.attribution_days}, tags may count for other events.
            This project's people are attributed again, some at a time. Its reports stay whole meanwhile, and count some
            people by the old window until it is done. Other projects are not touched.
          </p>
        </Confirm>
      )}
    </Panel>
  );
}

function Fields({ project }: { project: ProjectView }) {
  const { bot_rules, retention, settled_before } = project;
  return (
    <>
      <div class="fields">
        <Field name="name" label="Name" required />
        <TimeZone hint="Applies to new events only." />
        <Currency hint="Reports convert into it when they are read: a change holds for all figures at once." />
        <Field
          name="attribution_days"
          label="Attribution window (days)"
          type="number"
          hint="How long a visit's tag counts for what follows, 1 to 365. A change makes all figures again, which takes a while."
        />
      </div>
      <h3>Who may send</h3>
      <Field
        name="allowed_origins"
        label="Allowed origins"
        lines={2}
        value={project.allowed_origins.join("\n")}
        placeholder="https://brand.example"
        hint="Sites that may send pixels, one on each line. Empty: all. Requests without an origin (servers) are always allowed."
      />
      <div>
        <Tick
          name="require_signature"
          label="Pixels with an amount or a transaction must be signed with the pixel secret"
        />
        <Tick
          name="respect_privacy_signals"
          label="Keep out browsers that send Do Not Track or Global Privacy Control"
        />
      </div>
      <h3>Bots</h3>
      <div class="fields">
        <Field
          name="bot_rules.user_agents"
          label="User agents that are bots"
          lines={2}
          value={bot_rules.user_agents?.join("\n")}
          hint="Parts of them, one on each line, beside the general rules."
        />
        <Field
          name="bot_rules.allowed_user_agents"
          label="Never bots"
          lines={2}
          value={bot_rules.allowed_user_agents?.join("\n")}
          hint="Whatever the general rules say."
        />
      </div>
      <Tick
        name="data_centres"
        label="Browsers that run in data centres are bots"
        checked={bot_rules.data_centres !== false}
      />
      <h3>How long it is kept, in days</h3>
      <p class="field-hint">
        Empty: for ever. Events at least for the attribution window and 32 days; figures and archive not less than
        events; amounts not less than the archive. What has gone cannot be brought back, except by the archive.
        {settled_before && ` Days before ${dateText(settled_before)} are settled: their figures stay as they are.`}
      </p>
      <div class="fields">
        {RETAINED.map((name) => (
          <Field
            key={name}
            name={`retention.${name}`}
            label={RETENTION[name]}
            type="number"
            value={retention[name]?.toString()}
            placeholder="for ever"
          />
        ))}
      </div>
    </>
  );
}

function Secret({ project: { project_id, pixel_secret } }: { project: ProjectView }) {
  const [shown, show] = useState(false);
  const [asked, ask] = useState(false);
  const renew = useAction(
    () => read(client.projects[":project_id"].$patch({ param: { project_id }, json: { new_pixel_secret: true } })),
    "The pixel secret is renewed.",
  );
  return (
    <section class="form apart" aria-labelledby="secret-title">
      <h3 id="secret-title">Pixel secret</h3>
      <p class="field-hint">What pixels are signed with. It belongs on servers, never on a page.</p>
      {shown && <Copied key={pixel_secret} text={pixel_secret} />}
      <p class="dialog-actions">
        <button type="button" class="button" onClick={() => show(!shown)}>
          {shown ? "Hide the secret" : "Show the secret"}
        </button>
        <button type="button" class="button" onClick={() => ask(true)}>
          Renew…
        </button>
      </p>
      {asked && (
        <Confirm title="Renew the pixel secret?" label="Renew the secret" action={renew} close={() => ask(false)}>
          <p>
            What is signed with the old one is refused within 30 seconds, if signatures are required. List cursors that
            were given out end too. This cannot be undone.
          </p>
        </Confirm>
      )}
    </section>
  );
}

function RemoveProject({ project_id }: { project_id: string }) {
  const [asked, ask] = useState(false);
  const remove = useAction(
    () => read(client.projects[":project_id"].$delete({ param: { project_id } })),
    "The project is removed.",
  );
  return (
    <>
      <button type="button" class="button" onClick={() => ask(true)}>
        Remove…
      </button>
      {asked && (
        <Confirm title={`Remove ${project_id}?`} label="Remove the project" action={remove} close={() => ask(false)}>
          <p>
            Everything that is kept of it goes: settings, keys, links, schemas, segments, figures and dead letters. It
            can be removed only when its events have gone from the log and from the archive.
          </p>
        </Confirm>
      )}
    </>
  );
}
