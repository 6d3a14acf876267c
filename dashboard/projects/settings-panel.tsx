/** A project's settings as a form. */
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
import { words } from "../words.ts";
import { BotReview } from "./bot-review.tsx";
import { changesOf, RETAINED, RETENTION, type Settings, settingsIn } from "./settings.ts";
import { Currency, TimeZone } from "./zone.tsx";

type Shown = { project: ProjectView; scope: Scope; open: () => void };

export function SettingsPanel({ project, scope, open }: Shown) {
  const { project_id } = project;
  // The form's initial values: only differences from these are sent, so that changes by others are kept.
  const [before, setBefore] = useState(project);
  const [asked, ask] = useState<Partial<Settings> | null>(null);
  const save = async (changes: Partial<Settings>) => {
    setBefore(await read(client.projects[":project_id"].$patch({ param: { project_id }, json: changes })));
    say(
      changes.attribution_days === undefined
        ? words.projects.savedItHoldsEverywhere
        : words.projects.savedTheProjectPeopleAre,
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
      title={words.projects.settingsOf(before.name)}
      actions={
        <>
          {project_id !== "default" && <RemoveProject project_id={project_id} />}
          {project_id !== scope.project_id && (
            <button type="button" class="button" onClick={open}>
              {words.projects.openTheProject}
            </button>
          )}
        </>
      }
    >
      <Form action={action} values={before} label={words.common.save} keep>
        <Fields project={before} />
      </Form>
      {scope.principal.project_id === null && <BotReview project_id={project_id} timezone={scope.timezone} />}
      <Secret project={project} />
      {asked && (
        <Confirm
          title={words.projects.attributeThePastAgain}
          label={words.projects.saveAndAttributeAgain}
          action={confirmed}
          close={() => ask(null)}
        >
          <p>{words.projects.withDaysInsteadOfTagsMay(asked.attribution_days, before.attribution_days)}</p>
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
        <Field name="name" label={words.common.name} required />
        <TimeZone hint={words.projects.appliesToNewEventsOnly} />
        <Currency hint={words.projects.reportsConvertIntoItWhen} />
        <Field
          name="ngr_deduction_percent"
          label={words.projects.ngrDeduction}
          hint={words.projects.ngrDeductionHint}
        />
        <Field
          name="attribution_days"
          label={words.projects.attributionWindowDays}
          type="number"
          hint={words.projects.howLongAVisitTagCountsFor}
        />
      </div>
      <h3>{words.projects.whoMaySend}</h3>
      <Field
        name="allowed_origins"
        label={words.projects.allowedOrigins}
        lines={2}
        value={project.allowed_origins.join("\n")}
        placeholder="https://brand.example"
        hint={words.projects.sitesThatMaySendPixelsOne}
      />
      <div>
        <Tick name="require_signature" label={words.projects.pixelsWithAnAmountOrA} />
        <Tick name="respect_privacy_signals" label={words.projects.keepOutBrowsersThatSendDo} />
      </div>
      <h3>{words.common.bots}</h3>
      <div class="fields">
        <Field
          name="bot_rules.user_agents"
          label={words.projects.userAgentsThatAreBots}
          lines={2}
          value={bot_rules.user_agents?.join("\n")}
          hint={words.projects.partsOfThemOneOnEachLine}
        />
        <Field
          name="bot_rules.allowed_user_agents"
          label={words.projects.neverBots}
          lines={2}
          value={bot_rules.allowed_user_agents?.join("\n")}
          hint={words.projects.whateverTheGeneralRulesSay}
        />
      </div>
      <Tick
        name="data_centres"
        label={words.projects.browsersThatRunInData}
        checked={bot_rules.data_centres !== false}
      />
      <h3>{words.projects.howLongItIsKeptInDays}</h3>
      <p class="field-hint">
        {words.projects.emptyForEverEventsAtLeast}
        {settled_before && words.projects.daysBeforeAreSettledTheir(dateText(settled_before))}
      </p>
      <div class="fields">
        {RETAINED.map((name) => (
          <Field
            key={name}
            name={`retention.${name}`}
            label={RETENTION[name]}
            type="number"
            value={retention[name]?.toString()}
            placeholder={words.common.forEver}
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
    words.projects.thePixelSecretIsRenewed,
  );
  return (
    <section class="form apart" aria-labelledby="secret-title">
      <h3 id="secret-title">{words.projects.pixelSecret}</h3>
      <p class="field-hint">{words.projects.whatPixelsAreSignedWithIt}</p>
      {shown && <Copied key={pixel_secret} text={pixel_secret} />}
      <p class="dialog-actions">
        <button type="button" class="button" onClick={() => show(!shown)}>
          {shown ? words.projects.hideTheSecret : words.projects.showTheSecret}
        </button>
        <button type="button" class="button" onClick={() => ask(true)}>
          {words.projects.renew}
        </button>
      </p>
      {asked && (
        <Confirm
          title={words.projects.renewThePixelSecret}
          label={words.projects.renewTheSecret}
          action={renew}
          close={() => ask(false)}
        >
          <p>{words.projects.whatIsSignedWithTheOldOne}</p>
        </Confirm>
      )}
    </section>
  );
}

function RemoveProject({ project_id }: { project_id: string }) {
  const [asked, ask] = useState(false);
  const remove = useAction(
    () => read(client.projects[":project_id"].$delete({ param: { project_id } })),
    words.projects.theProjectIsRemoved,
  );
  return (
    <>
      <button type="button" class="button" onClick={() => ask(true)}>
        {words.common.remove}
      </button>
      {asked && (
        <Confirm
          title={words.common.removeIt(project_id)}
          label={words.projects.removeTheProject}
          action={remove}
          close={() => ask(false)}
        >
          <p>{words.projects.everythingThatIsKeptOfIt}</p>
        </Confirm>
      )}
    </>
  );
}
