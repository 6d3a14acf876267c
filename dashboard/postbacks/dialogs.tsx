/** Making a target, its secret, and what a test of it brought back. */
import { useState } from "preact/hooks";
import type { PresetView, ShownTarget, TargetView, Tested } from "../../worker/admin/postbacks.ts";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, linesOf, Tick } from "../act/form.tsx";
import { client, read } from "../api.ts";
import type { Scope } from "../scope.ts";

const SENDING = { "": "GET", form: "POST (form)", json: "POST (JSON)" };

type Making = {
  scope: Scope;
  presets: readonly PresetView[];
  show: (made: ShownTarget) => void;
  close: () => void;
};

export function MakeTarget({ scope: { project_id }, presets, show, close }: Making) {
  const [preset, choose] = useState<PresetView>();
  const action = useAction(async (filled: Filled) => {
    const { name = "", url = "", sending, min_amount, currency, body, first_deposit, test } = filled;
    const tags = linesOf(filled.banner_tags);
    const given = {
      project_id,
      name,
      url: url.trim(),
      event_types: linesOf(filled.event_types),
      ...(tags.length > 0 && { banner_tags: tags }),
      ...(min_amount && { min_amount }),
      ...(currency && { currency: currency.toUpperCase() }),
      ...(first_deposit && { first_deposit: true }),
      ...(test && { test: true }),
      ...(sending && { method: "POST" as const, body_type: sending as TargetView["body_type"], body: body ?? "" }),
    };
    show(await read(client.postbacks.$post({ json: given })));
  });
  return (
    <Dialog title="Make a target" wide close={close}>
      <Form action={action} label="Make the target" cancel={close}>
        <div class="fields">
          <Field name="name" label="Name" required action={action} />
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
          action={action}
        />
        <div class="fields">
          <Field name="event_types" label="Event types" value="deposit" required action={action} />
          <Field name="banner_tags" label="Tags" hint="Empty: every tag." action={action} />
        </div>
        <div class="fields">
          <Field name="min_amount" label="Least amount" action={action} />
          <Field name="currency" label="Currency of it" placeholder="EUR" action={action} />
        </div>
        <div class="fields">
          <Field name="sending" label="Sent by" options={SENDING} action={action} />
          <Field name="body" label="Body" lines={2} hint="Of a POST." action={action} />
        </div>
        <Tick name="first_deposit" label="Only a player's first deposit" />
        <Tick name="test" label="Only test events" />
      </Form>
    </Dialog>
  );
}

type Shown = {
  made: { name: string; secret?: string };
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
