/** Making and changing a target, its secret, and what a test of it brought back. */
import { useState } from "preact/hooks";
import type { PresetView, TargetView, Tested } from "../../worker/admin/postbacks.ts";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, linesOf, Tick } from "../act/form.tsx";
import { keep } from "../kept.tsx";

const SENDING = { "": "GET", bare: "POST", form: "POST (form)", json: "POST (JSON)" };

const STATUSES = {
  "": "it comes",
  approved: "approved",
  rejected: "rejected",
  refunded: "refunded",
  charged_back: "charged back",
};

/** What was made or changed, with its secret where it has a new one. */
export type Made = { name: string; secret?: string };
type Making = {
  project_id: string;
  presets: readonly PresetView[];
  target?: TargetView;
  show: (made: Made) => void;
  close: () => void;
};

/** Makes a target, or changes the one that is given; `show` gets it where there is a secret to show. */
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
  const label = `${target ? "Change" : "Make"} the target`;
  return (
    <Dialog title={target?.name ?? "Make a target"} wide close={close}>
      <Form action={action} values={target ?? { event_types: "deposit" }} label={label} cancel={close}>
        <div class="fields">
          <Field name="name" label="Name" required />
          <Field
            name="preset"
            label="Tracker"
            options={{ "": "another", ...Object.fromEntries(presets.map(({ name, title }) => [name, title])) }}
            hint={preset && <a href={preset.docs}>Its documentation</a>}
            change={(chosen) => choose(presets.find(({ name }) => name === chosen))}
          />
        </div>
        <Field
          key={preset?.name}
          name="url"
          label="URL"
          value={preset?.url}
          placeholder="https://tracker.example.com/postback?click={click_id}&payout={amount}"
          hint={
            preset
              ? "Fill in what stands in angle brackets."
              : "With {click_id}, {amount}, {currency}, {event_id}, {banner_tag}, {s1} and others."
          }
          required
        />
        <div class="fields">
          <Field name="event_types" label="Event types" required />
          <Field name="banner_tags" label="Tags" hint="Empty: every tag." />
          {!target && <Field name="conversion_status" label="Sent when" options={STATUSES} />}
        </div>
        <div class="fields">
          <Field name="min_amount" label="Least amount" />
          <Field name="currency" label="Currency of the amount" placeholder="EUR" />
        </div>
        <div class="fields">
          <Field
            name="sending"
            label="Sent by"
            options={SENDING}
            value={target?.body_type ?? (target?.method === "POST" ? "bare" : "")}
          />
          <Field name="body" label="Body" lines={2} hint="Of a POST." />
        </div>
        <Tick name="first_deposit" label="Only a player's first deposit" />
        <Tick name="test" label="Only test events" />
        {target && <NewSecret />}
      </Form>
    </Dialog>
  );
}

/** What is changed may get a new secret. */
export const newSecretOf = ({ new_secret }: Filled) => new_secret && { new_secret: true };
export const NewSecret = () => <Tick name="new_secret" label="A new secret in place of the one that it has" />;

type Shown = {
  made: Made;
  /** What it is, and what it is for. */
  what?: string;
  use?: string;
  close: () => void;
};

export function ShownSecret({ made, what = "secret", use = "Each request is signed with it.", close }: Shown) {
  const { name, secret = "" } = made;
  return (
    <Dialog title={`The ${what} of ${name}`} close={close}>
      <div class="dialog-body">
        <p>
          <strong>Copy it now: it is not shown again.</strong> {use}
        </p>
        <Copied text={secret} />
      </div>
      <p class="dialog-actions">
        <button type="button" class="button primary" onClick={close}>
          I have it
        </button>
      </p>
    </Dialog>
  );
}

export function ShownTest({ tested, close }: { tested: Tested; close: () => void }) {
  const { taken, request, status, took_ms, response, error } = tested;
  const sent = [request.method, request.url, request.body].filter(Boolean).join("\n");
  return (
    <Dialog title={taken ? "The example was taken" : "The example was not taken"} wide close={close}>
      <div class="dialog-body">
        <p>
          {status ?? "No answer"} in {took_ms} ms.
        </p>
        {error && <p class="error-text">{error}</p>}
        <Copied text={sent} what="the request" />
        <Copied text={response} what="the answer" />
      </div>
    </Dialog>
  );
}
