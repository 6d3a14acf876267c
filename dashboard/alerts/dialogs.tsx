/** Making alerts, channels and scheduled reports, and what a test of one brought back. */
import type { AlertView, TriedChannel } from "../../worker/admin/alerts.ts";
import type { ChannelView, ShownChannel } from "../../worker/admin/channels.ts";
import { useAction } from "../act/action.ts";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, linesOf, Tick } from "../act/form.tsx";
import { client, read } from "../api.ts";
import type { BodyOf } from "../client.ts";
import { conditionOf, filledOf, WATCHED } from "./condition.ts";

type Making = { project_id: string; close: () => void };
type WithChannels = Making & { channels: readonly ChannelView[] };

const Channels = ({
  channels,
  chosen,
}: Pick<WithChannels, "channels"> & { chosen?: readonly string[] | undefined }) => (
  <>
    {channels.map(({ id, name }) => (
      <Tick key={id} name={id} label={name} checked={!chosen || chosen.includes(id)} />
    ))}
  </>
);
const ticked = (channels: readonly ChannelView[], filled: Filled) =>
  channels.flatMap(({ id }) => (filled[id] === undefined ? [] : [id]));

const NEW: Filled = { of: "deposit", number: "0", minutes: "360" };

/** Makes an alert, or changes the one that is given. */
export function AlertForm({ project_id, channels, close, alert }: WithChannels & { alert?: AlertView }) {
  const was = alert ? filledOf(alert.condition) : NEW;
  const action = useAction((filled: Filled) => {
    const [quiet_from = null, quiet_to = null] = linesOf(filled.quiet_from, /-/);
    const settings = {
      name: filled.name,
      condition: conditionOf(filled),
      channels: ticked(channels, filled),
      cool_down: Number(filled.cool_down),
      quiet_from,
      quiet_to,
    } as BodyOf<typeof client.alerts.$post>;
    return read<object>(
      alert
        ? client.alerts[":id"].$patch({ param: { id: alert.id }, json: settings })
        : client.alerts.$post({ json: { project_id, ...settings } }),
    );
  });
  const quiet = alert?.quiet_from && `${alert.quiet_from}-${alert.quiet_to}`;
  return (
    <Dialog title={alert?.name ?? "Make an alert"} wide close={close}>
      <Form action={action} label={`${alert ? "Change" : "Make"} the alert`} done={close} cancel={close}>
        <Field name="name" label="Name" value={alert?.name} required action={action} />
        <div class="fields">
          <Field name="kind" label="Watch" options={WATCHED} value={was.kind} action={action} />
          <Field name="of" label="Of" value={was.of} />
          <Field name="number" label="Number" type="number" value={was.number} />
        </div>
        <div class="fields">
          <Field name="minutes" label="Minutes" type="number" value={was.minutes} />
          <Field name="banner_tags" label="Tags" value={was.banner_tags} hint="Empty: every tag." />
          <Field name="further" label="Only where" value={was.further} hint="As country=DE, device=mobile." />
        </div>
        <div class="fields">
          <Field
            name="cool_down"
            label="Minutes between incidents"
            type="number"
            value={String(alert?.cool_down ?? 60)}
            action={action}
          />
          <Field name="quiet_from" label="Quiet hours, as 22:00-07:00" value={quiet ?? ""} action={action} />
        </div>
        <Channels channels={channels} chosen={alert?.channels} />
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
      client.channels.$post({
        json: { project_id, name, kind, settings: settingsOf(filled) } as BodyOf<typeof client.channels.$post>,
      }),
    );
    if (made.secret === undefined) close();
    else show(made);
  });
  return (
    <Dialog title="Make a channel" wide close={close}>
      <Form action={action} label="Make the channel" cancel={close}>
        <Field name="name" label="Name" required action={action} />
        <Field name="kind" label="Kind" options={KINDS} />
        <Field name="address" label="Address or token" required />
        <Field name="second" label="Chat, or sender" />
      </Form>
    </Dialog>
  );
}

export function MakeSchedule({ project_id, channels, close }: WithChannels) {
  const action = useAction((filled: Filled) => {
    const { name, every, banner_tags } = filled;
    const tags = linesOf(banner_tags);
    const given = {
      ...{ project_id, name, every, channels: ticked(channels, filled) },
      ...(tags.length > 0 && { banner_tags: tags }),
    };
    return read(
      client["scheduled-reports"].$post({ json: given as BodyOf<(typeof client)["scheduled-reports"]["$post"]> }),
    );
  });
  return (
    <Dialog title="Schedule a report" wide close={close}>
      <Form action={action} label="Schedule the report" done={close} cancel={close}>
        <Field name="name" label="Name" required action={action} />
        <Field name="every" label="Every" options={{ day: "day", week: "week", month: "month" }} />
        <Field name="banner_tags" label="Tags" hint="Empty: every tag." action={action} />
        <Channels channels={channels} />
      </Form>
    </Dialog>
  );
}

export type Tried = { finding?: string; sent: readonly TriedChannel[] };

export const ShownTest = ({ tried: { finding, sent }, close }: { tried: Tried; close: () => void }) => (
  <Dialog title="Tested" wide close={close}>
    <div class="dialog-body">
      {finding && <p>{finding}</p>}
      {sent.map(({ channel_id, channel, error }) => (
        <p key={channel_id}>
          {channel}: {error ?? "taken"}
        </p>
      ))}
    </div>
  </Dialog>
);
