/** Dialogs that make and change alerts, channels and scheduled reports, and show the results of their tests. */
import { useState } from "preact/hooks";
import type { AlertView } from "../../worker/admin/alerts.ts";
import type { ChannelView, ShownChannel } from "../../worker/admin/channels.ts";
import type { ScheduleView } from "../../worker/admin/schedules.ts";
import type { TriedChannel } from "../../worker/admin/sent.ts";
import { useAction } from "../act/action.ts";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, linesOf, Tick } from "../act/form.tsx";
import { useAnswer } from "../answers.ts";
import { spoken } from "../format.ts";
import { segments } from "../frame/segments.ts";
import { keep } from "../kept.tsx";
import { NewSecret, newSecretOf } from "../postbacks/dialogs.tsx";
import { words } from "../words.ts";
import { asksFor, conditionOf, filledOf, WATCHED } from "./condition.ts";

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

const NEW = { kind: "silence", of: "deposit", number: "0", minutes: "360", cool_down: 60 };

/** Makes an alert, or changes the one that is given. */
export function AlertForm({ project_id, channels, close, alert }: WithChannels & { alert?: AlertView }) {
  const was = { ...NEW, ...alert, ...(alert && filledOf(alert.condition)) };
  const [kind, watch] = useState(was.kind);
  const asked = asksFor(kind);
  const action = useAction((filled: Filled) => {
    const [quiet_from = null, quiet_to = null] = linesOf(filled.quiet_from, /-/);
    return keep<object>("alerts", project_id, alert?.id, {
      name: filled.name,
      condition: conditionOf(filled),
      channels: ticked(channels, filled),
      cool_down: Number(filled.cool_down),
      quiet_from,
      quiet_to,
    });
  });
  const quiet = alert?.quiet_from && `${alert.quiet_from}-${alert.quiet_to}`;
  return (
    <Dialog title={alert?.name ?? words.alerts.makeAnAlert} wide close={close}>
      <Form
        action={action}
        values={was}
        label={alert ? words.alerts.changeTheAlert : words.alerts.makeTheAlert}
        done={close}
        cancel={close}
      >
        <Field name="name" label={words.common.name} required />
        <div class="fields">
          <Field name="kind" label={words.alerts.watch} options={WATCHED} change={watch} />
          {asked.of && <Field name="of" label={words.alerts.ofWhat} hint={words.alerts.aTypeOfEventOrVisits} />}
          {asked.number && <Field name="number" label={words.alerts.number} type="number" />}
          {asked.minutes && <Field name="minutes" label={words.alerts.minutes} type="number" />}
        </div>
        {asked.filter && (
          <div class="fields">
            <Field name="banner_tags" label={words.common.tags} hint={words.common.emptyEveryTag} />
            <Field name="further" label={words.alerts.onlyWhere} hint={words.alerts.asCountryDeDeviceMobile} />
          </div>
        )}
        <div class="fields">
          <Field name="cool_down" label={words.alerts.minutesBetweenIncidents} type="number" />
          <Field name="quiet_from" label={words.alerts.quietHoursLabel} value={quiet ?? ""} />
        </div>
        <Channels channels={channels} chosen={alert?.channels} />
      </Form>
    </Dialog>
  );
}

const KINDS = {
  slack: words.alerts.slack,
  discord: words.alerts.discord,
  telegram: words.alerts.telegram,
  webhook: words.alerts.webhook,
  email: words.common.eMail,
};

/** An address in JSON is sent unchanged as the API's object: mail services need more than one field. */
function settingsOf({ kind, address = "", second = "" }: Filled): object {
  if (address.startsWith("{")) return JSON.parse(address) as object;
  if (kind === "telegram") return { token: address, chat_id: second };
  return kind === "email" ? { to: address, from: second } : { url: address };
}

type ShownAfter = Making & { channel?: ChannelView; show: (made: ShownChannel) => void };

/** Makes a channel, or changes the given one, whose settings the API does not return. */
export function ChannelForm({ project_id, channel, show, close }: ShownAfter) {
  const action = useAction(async (filled: Filled) => {
    const { name, kind = channel?.kind, address } = filled;
    const settings = address && settingsOf({ ...filled, kind });
    const made = await keep<ShownChannel>("channels", project_id, channel?.id, {
      name,
      ...(channel ? newSecretOf(filled) : { kind }),
      ...(settings && { settings }),
    });
    if (made.secret === undefined) close();
    else show(made);
  });
  const label = channel ? words.alerts.changeTheChannel : words.alerts.makeTheChannel;
  return (
    <Dialog title={label} wide close={close}>
      <Form action={action} values={channel} label={label} cancel={close}>
        <Field name="name" label={words.common.name} required />
        {!channel && <Field name="kind" label={words.common.kind} options={KINDS} />}
        <Field
          name="address"
          label={words.alerts.addressOrToken}
          required={!channel}
          hint={channel && words.alerts.emptyAsItIs}
        />
        <Field name="second" label={words.alerts.chatOrSender} />
        {channel?.kind === "webhook" && <NewSecret />}
      </Form>
    </Dialog>
  );
}

/** Makes a scheduled report, or changes the one that is given. */
export function ScheduleForm({ project_id, channels, close, schedule }: WithChannels & { schedule?: ScheduleView }) {
  const known = useAnswer(segments(project_id)).data?.rows ?? [];
  const action = useAction((filled: Filled) => {
    const tags = linesOf(filled.banner_tags);
    return keep<object>("scheduled-reports", project_id, schedule?.id, {
      name: filled.name,
      every: filled.every,
      hour: Number(filled.hour),
      banner_tags: tags[0] ? tags : null,
      segment_id: filled.segment_id || null,
      channels: ticked(channels, filled),
    });
  });
  const segment_id = schedule?.segment_id;
  const label = schedule ? words.alerts.changeTheReport : words.alerts.scheduleTheReport;
  return (
    <Dialog title={label} wide close={close}>
      <Form action={action} values={schedule ?? { hour: 7 }} label={label} done={close} cancel={close}>
        <Field name="name" label={words.common.name} required />
        <div class="fields">
          <Field
            name="every"
            label={words.alerts.every}
            options={{ day: spoken("day"), week: spoken("week"), month: spoken("month") }}
          />
          <Field name="hour" label={words.alerts.fromThisHourOn} type="number" />
        </div>
        <div class="fields">
          <Field name="banner_tags" label={words.common.tags} hint={words.common.emptyEveryTag} />
          <Field
            name="segment_id"
            label={words.common.segment}
            options={{
              "": words.alerts.everybody,
              // Its channel is listed before the others are loaded, so that it stays chosen.
              ...(segment_id && { [segment_id]: segment_id }),
              ...Object.fromEntries(known.map(({ segment_id, name }) => [segment_id, name])),
            }}
          />
        </div>
        <Channels channels={channels} chosen={schedule?.channels} />
      </Form>
    </Dialog>
  );
}

export type Tried = { finding?: string; sent: readonly TriedChannel[] };

export const ShownTest = ({ tried: { finding, sent }, close }: { tried: Tried; close: () => void }) => (
  <Dialog title={words.alerts.tested} wide close={close}>
    <div class="dialog-body">
      {finding && <p>{finding}</p>}
      {sent.map(({ channel_id, channel, error }) => (
        <p key={channel_id}>
          {channel}: {error ?? words.alerts.taken}
        </p>
      ))}
    </div>
  </Dialog>
);
