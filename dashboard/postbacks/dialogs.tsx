/** Dialogs that make and change a target, show its secret, and show the result of a test. */
import { useState } from "preact/hooks";
import type { TargetView } from "../../worker/admin/postback-target.ts";
import type { Tested } from "../../worker/admin/postback-tries.ts";
import type { PresetView } from "../../worker/admin/postbacks.ts";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, linesOf, Tick } from "../act/form.tsx";
import { stateText } from "../format.ts";
import { keep } from "../kept.tsx";
import { words } from "../words.ts";

const SENDING = { "": "GET", bare: "POST", form: words.postbacks.postForm, json: words.postbacks.postJson };

const STATUSES = {
  "": words.postbacks.itComes,
  approved: stateText("approved"),
  rejected: stateText("rejected"),
  refunded: stateText("refunded"),
  charged_back: stateText("charged_back"),
};

/** The target or source that was made or changed, with its secret if that is new. */
export type Made = { name: string; secret?: string };
type Making = {
  project_id: string;
  presets: readonly PresetView[];
  target?: TargetView;
  show: (made: Made) => void;
  close: () => void;
};

/** Makes a target, or changes the given one; `show` is called if there is a new secret to show. */
export function TargetForm({ project_id, presets, target, show, close }: Making) {
  const [preset, choose] = useState<PresetView>();
  const action = useAction(async (filled: Filled) => {
    const { name = "", url = "", sending, min_amount, currency, body, first_deposit, test } = filled;
    const body_type = sending === "form" || sending === "json" ? sending : null;
    const tags = linesOf(filled.banner_tags);
    const made = await keep<Made>("postbacks", project_id, target?.id, {
      name,
      url: url.trim(),
      event_types: linesOf(filled.event_types),
      banner_tags: tags[0] ? tags : null,
      min_amount: min_amount || null,
      currency: currency?.toUpperCase() || null,
      first_deposit: !!first_deposit,
      test: !!test,
      method: sending ? "POST" : "GET",
      body_type,
      body: body_type && (body ?? ""),
      ...(target ? newSecretOf(filled) : { conversion_status: filled.conversion_status || null }),
    });
    if (made.secret === undefined) close();
    else show(made);
  });
  const label = target ? words.postbacks.changeTheTarget : words.postbacks.makeTheTarget;
  return (
    <Dialog title={target?.name ?? words.postbacks.makeATarget} wide close={close}>
      <Form action={action} values={target ?? { event_types: "deposit" }} label={label} cancel={close}>
        <div class="fields">
          <Field name="name" label={words.common.name} required />
          <Field
            name="preset"
            label={words.postbacks.tracker}
            options={{
              "": words.postbacks.another,
              ...Object.fromEntries(presets.map(({ name, title }) => [name, title])),
            }}
            hint={preset && <a href={preset.docs}>{words.postbacks.itsDocumentation}</a>}
            change={(chosen) => choose(presets.find(({ name }) => name === chosen))}
          />
        </div>
        <Field
          key={preset?.name}
          name="url"
          label={words.postbacks.url}
          value={preset?.url}
          placeholder="https://tracker.example.com/postback?click={click_id}&payout={amount}"
          hint={preset ? words.postbacks.fillInWhatStandsInAngle : words.postbacks.withClickIdAmountCurrency}
          required
        />
        <div class="fields">
          <Field name="event_types" label={words.postbacks.eventTypes} required />
          <Field name="banner_tags" label={words.common.tags} hint={words.common.emptyEveryTag} />
          {!target && <Field name="conversion_status" label={words.postbacks.sentWhen} options={STATUSES} />}
        </div>
        <div class="fields">
          <Field name="min_amount" label={words.common.leastAmount} />
          <Field name="currency" label={words.postbacks.currencyOfTheAmount} placeholder="EUR" />
        </div>
        <div class="fields">
          <Field
            name="sending"
            label={words.postbacks.sentBy}
            options={SENDING}
            value={target?.body_type ?? (target?.method === "POST" ? "bare" : "")}
          />
          <Field name="body" label={words.postbacks.body} lines={2} hint={words.postbacks.ofAPost} />
        </div>
        <Tick name="first_deposit" label={words.common.onlyAPlayerFirstDeposit} />
        <Tick name="test" label={words.postbacks.onlyTestEvents} />
        {target && <NewSecret />}
      </Form>
    </Dialog>
  );
}

/** A change may also make a new secret. */
export const newSecretOf = ({ new_secret }: Filled) => new_secret && { new_secret: true };
export const NewSecret = () => <Tick name="new_secret" label={words.postbacks.aNewSecretInPlaceOfTheOne} />;

type Shown = {
  made: Made;
  /** The title of the value; a secret by default. */
  title?: (name: string) => string;
  /** Its purpose. */
  use?: string;
  close: () => void;
};

export function ShownSecret({ made, title, use = words.postbacks.eachRequestIsSignedWithIt, close }: Shown) {
  const { name, secret = "" } = made;
  return (
    <Dialog title={(title ?? words.postbacks.theSecretOf)(name)} close={close}>
      <div class="dialog-body">
        <p>
          <strong>{words.common.copyItNowItIsNotShownAgain}</strong> {use}
        </p>
        <Copied text={secret} />
      </div>
      <p class="dialog-actions">
        <button type="button" class="button primary" onClick={close}>
          {words.common.doneButton}
        </button>
      </p>
    </Dialog>
  );
}

export function ShownTest({ tested, close }: { tested: Tested; close: () => void }) {
  const { taken, request, status, took_ms, response, error } = tested;
  const sent = [request.method, request.url, request.body].filter(Boolean).join("\n");
  return (
    <Dialog
      title={taken ? words.postbacks.theExampleWasTaken : words.postbacks.theExampleWasNotTaken}
      wide
      close={close}
    >
      <div class="dialog-body">
        <p>{words.postbacks.inMs(status ?? words.postbacks.noAnswer, took_ms)}</p>
        {error && <p class="error-text">{error}</p>}
        <Copied text={sent} what={words.postbacks.theRequest} />
        <Copied text={response} what={words.postbacks.theAnswer} />
      </div>
    </Dialog>
  );
}
