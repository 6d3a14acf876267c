/** Making alerts, channels and scheduled reports, and what a test of one brought back. */
import type { TriedChannel } from "../../worker/admin/alerts.ts";
import type { ChannelView, ShownChannel } from "../../worker/admin/channels.ts";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, linesOf, Tick } from "../act/form.tsx";
import { client, json, read } from "../api.ts";
import { conditionOf, METRICS, WATCHED } from "./condition.ts";

type Making = { project_id: string; close: () => void };
type WithChannels = Making & { channels: readonly ChannelView[] };

const Channels = ({ channels }: Pick<WithChannels, "channels">) => (
  <>
    {channels.map(({ id, name, to }) => (
      <Tick key={id} name={id} label={`${name}: ${to}`} checked />
    ))}
    {channels.length === 0 && <p>There is no channel yet: it shows here alone.</p>}
  </>
);
const ticked = (channels: readonly ChannelView[], filled: Filled) =>
  channels.flatMap(({ id }) => (filled[id] === undefined ? [] : [id]));

export function MakeAlert({ project_id, channels, close }: WithChannels) {
  const action = useAction((filled: Filled) => {
    const { name, quiet_from, quiet_to, cool_down } = filled;
    const given = {
      project_id,
      name,
      condition: conditionOf(filled),
      channels: ticked(channels, filled),
      cool_down: Number(cool_down),
      quiet_from: quiet_from || null,
      quiet_to: quiet_to || null,
    };
    return read(client.alerts.$post({}, json(given)));
  }, "The alert is made.");
  return (
    <Dialog title="Make an alert" wide close={close}>
      <Form action={action} label="Make the alert" done={close} cancel={close}>
        <Field name="name" label="Name" required action={action} />
        <div class="fields">
          <Field name="kind" label="Watch" options={WATCHED} action={action} />
          <Field
            name="of"
            label="Of"
            value="deposit"
            suggestions={METRICS}
            hint="An event type, or a figure such as visits."
          />
          <Field name="number" label="Number" type="number" value="0" />
        </div>
        <div class="fields">
          <Field name="minutes" label="In the last minutes" type="number" value="360" required />
          <Field name="banner_tags" label="Tags" hint="Empty: every tag." />
          <Field name="cool_down" label="Minutes of rest after one" type="number" value="60" action={action} />
        </div>
        <div class="fields">
          <Field name="quiet_from" label="Quiet from" placeholder="22:00" action={action} />
          <Field name="quiet_to" label="Quiet until" placeholder="07:00" action={action} />
        </div>
        <Channels channels={channels} />
      </Form>
    </Dialog>
  );
}

const KINDS = { slack: "Slack", discord: "Discord", telegram: "Telegram", webhook: "Webhook", email: "E-mail" };

/** An address that is an object of the API's is taken as it is: mail services need more than one field. */
function settingsOf({ kind, address = "", second = "" }: Filled): object {
  if (address.startsWith("{")) return JSON.parse(address) as object;
  if (kind === "telegram") return { token: address, chat_id: second };
  return kind === "email" ? { to: address, from: second } : { url: address };
}

export function MakeChannel({ project_id, show, close }: Making & { show: (made: ShownChannel) => void }) {
  const action = useAction(async (filled: Filled) => {
    const { name, kind } = filled;
    const made = await read<ShownChannel>(
      client.channels.$post({}, json({ project_id, name, kind, settings: settingsOf(filled) })),
    );
    if (made.secret === undefined) close();
    else show(made);
  });
  return (
    <Dialog title="Make a channel" wide close={close}>
      <Form action={action} label="Make the channel" cancel={close}>
        <Field name="name" label="Name" required action={action} />
        <Field name="kind" label="Kind" options={KINDS} />
        <Field
          name="address"
          label="Address"
          hint="The webhook's URL, the bot's token, or whom the mail goes to. It is not shown again."
          required
        />
        <Field name="second" label="Chat, or sender" hint="Of Telegram the chat's id, of e-mail the sender." />
      </Form>
    </Dialog>
  );
}

export function MakeSchedule({ project_id, channels, close }: WithChannels) {
  const action = useAction((filled: Filled) => {
    const { name, every, hour, banner_tags } = filled;
    const tags = linesOf(banner_tags);
    const given = {
      ...{ project_id, name, every, hour: Number(hour), channels: ticked(channels, filled) },
      ...(tags.length > 0 && { banner_tags: tags }),
    };
    return read(client["scheduled-reports"].$post({}, json(given)));
  }, "The report is scheduled.");
  return (
    <Dialog title="Schedule a report" wide close={close}>
      <Form action={action} label="Schedule the report" done={close} cancel={close}>
        <Field name="name" label="Name" required action={action} />
        <div class="fields">
          <Field name="every" label="Every" options={{ day: "day", week: "week", month: "month" }} />
          <Field name="hour" label="From the hour" type="number" value="7" action={action} />
        </div>
        <Field name="banner_tags" label="Tags" hint="Empty: every tag." action={action} />
        <Channels channels={channels} />
      </Form>
    </Dialog>
  );
}

export const ShownSecret = ({ made: { name, secret = "" }, close }: { made: ShownChannel; close: () => void }) => (
  <Dialog title={`The secret of ${name}`} close={close}>
    <div class="dialog-body">
      <p>
        <strong>Copy it now: it is not shown again.</strong> Each message is signed with it.
      </p>
      <Copied text={secret} />
    </div>
  </Dialog>
);

export type Tried = { finding?: string; sent: readonly TriedChannel[] };

export const ShownTest = ({ tried: { finding, sent }, close }: { tried: Tried; close: () => void }) => (
  <Dialog title="The test was sent" wide close={close}>
    <div class="dialog-body">
      {finding && <p>{finding}</p>}
      {sent.map(({ channel_id, channel, taken, error, response }) => (
        <p key={channel_id} class={taken ? undefined : "error-text"}>
          {channel}: {taken ? "taken" : error} {response}
        </p>
      ))}
      {sent.length === 0 && <p>There is no channel to send it to.</p>}
    </div>
  </Dialog>
);
