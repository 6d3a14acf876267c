/** Channels: where a project sends alerts and reports. Their settings are never shown again. */

import { sql } from "drizzle-orm";
import type { Context } from "hono";
import * as z from "zod";
import {
  CHANNEL_KINDS,
  type Channel,
  type ChannelKind,
  type ChannelSettings,
  channelsOf,
  findChannel,
} from "../channels/channel.ts";
import { KINDS } from "../channels/kinds.ts";
import { wrongMail } from "../channels/mail.ts";
import { projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import { accept } from "../http/body.ts";
import { json } from "../http/operation.ts";
import { rows } from "../http/page.ts";
import type { App, Principal } from "../http/principal.ts";
import { type Complaint, Problem } from "../http/problem.ts";
import { refusalOfTemplate } from "../postbacks/address.ts";
import { instant, text } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

export const MOST_CHANNELS = 20;

const project_id = projectId.optional();
const name = z.string().min(1, "must not be empty").max(200, "is too long");
const given = <Kind extends ChannelKind>(kind: Kind) =>
  z.strictObject({
    project_id,
    name,
    kind: z.literal(kind),
    settings: KINDS[kind].settings as (typeof KINDS)[Kind]["settings"],
  });
export const newChannel = z.discriminatedUnion(
  "kind",
  [given("webhook"), given("slack"), given("discord"), given("telegram"), given("email")],
  `must have a kind: ${CHANNEL_KINDS.join(", ")}`,
);
/** Settings are replaced as a whole: they are not shown, so nobody can change a part of them. */
export const channelChanges = z.strictObject({
  name: name.optional(),
  settings: z.record(z.string(), z.unknown()).optional(),
  new_secret: z.literal(true, "can only be true").optional(),
});
export const channelsQuery = z.strictObject({ project_id });

const channelFields = {
  id: text,
  project_id: text,
  name: text,
  kind: z.enum(CHANNEL_KINDS),
  to: text.describe("Where it goes, without what lets others write there."),
  created_at: instant,
};
const channelView = z.object(channelFields).meta({ id: "Channel" });
const shownChannel = z
  .object({
    ...channelFields,
    secret: text.exactOptional().describe("Of a webhook: what its messages are signed with; shown this once."),
  })
  .meta({ id: "ShownChannel" });
export type ChannelView = z.output<typeof channelView>;
export type ShownChannel = z.output<typeof shownChannel>;

const shownOf = ({ kind, settings }: ChannelSettings): string =>
  (KINDS[kind].shown as (settings: unknown) => string)(settings);
const view = (channel: Channel): ChannelView => ({
  id: channel.id,
  project_id: channel.project_id,
  name: channel.name,
  kind: channel.kind,
  to: shownOf(channel),
  created_at: iso(channel.created_at),
});
const withSecret = (channel: Channel): ShownChannel => ({
  ...view(channel),
  ...(channel.kind === "webhook" && { secret: channel.secret }),
});

const newSecret = () => crypto.getRandomValues(new Uint8Array(24)).toHex();

/** Checks the rules of addresses, and those between settings. */
function check(c: Context<App>, { kind, settings }: ChannelSettings): void {
  const rules = { local: c.env.LOCAL === "1" };
  const ownHost = new URL(c.req.url).host;
  const wrong = (field: string, rule: string): Complaint => ({
    field: `settings.${field}`,
    code: "invalid",
    message: `settings.${field} ${rule}`,
  });
  const errors = KINDS[kind].addresses.flatMap((field): Complaint[] => {
    const address = (settings as Record<string, unknown>)[field];
    const refusal = address === undefined ? null : refusalOfTemplate(String(address), rules, ownHost);
    return refusal === null ? [] : [wrong(field, refusal)];
  });
  const mail = kind === "email" ? wrongMail(settings) : null;
  if (mail !== null) errors.push(wrong(mail.field, mail.rule));
  if (errors.length > 0) throw new Problem(400, errors.map(({ message }) => message).join("; "), { errors });
}

async function ownChannel(db: Database, principal: Principal, id: string): Promise<Channel> {
  const channel = await findChannel(db, id);
  if (!channel || !reaches(principal, channel.project_id)) throw new Problem(404, `There is no channel ${id}.`);
  return channel;
}

/** Messages to a channel that is removed are sent to nobody. */
const without = (table: "alerts" | "scheduled_reports", { id, project_id }: Channel) => sql`UPDATE ${sql.raw(table)}
  SET channels = (SELECT json_group_array(value) FROM json_each(channels) WHERE value <> ${id})
  WHERE project_id = ${project_id} AND EXISTS (SELECT 1 FROM json_each(channels) WHERE value = ${id})`;

const administered = { tag: "Alerts", role: "admin" } as const;

export const channelRoutes = [
  route(
    {
      id: "listChannels",
      method: "get",
      path: "/channels",
      ...administered,
      summary: "List the channels of a project",
      description: "Whom alerts and scheduled reports can be sent to.",
      query: channelsQuery,
      answers: { 200: { description: "Never their settings.", content: json(rows(channelView)) } },
    },
    async ({ db, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      return { rows: (await channelsOf(db, project_id)).map(view) };
    },
  ),
  route(
    {
      id: "createChannel",
      method: "post",
      path: "/channels",
      ...administered,
      summary: "Make a channel",
      description: "What `settings` each kind has is in docs/alerts.md. They are never shown again.",
      body: {
        schema: newChannel,
        examples: {
          Webhook: { name: "Our server", kind: "webhook", settings: { url: "https://hooks.example.com/edgepixel" } },
          Telegram: { name: "Team", kind: "telegram", settings: { token: "123456:ABC-DEF", chat_id: "-1001" } },
        },
      },
      answers: { 201: { description: "The channel.", content: json(shownChannel) } },
      problems: [409],
      audit: "channel.create",
    },
    async ({ c, readBody, projectFor, act, now }) => {
      const { project_id: named, name, ...settings } = await readBody();
      const { project_id } = await projectFor(named);
      check(c, settings);
      const channel: Channel = {
        ...settings,
        id: crypto.randomUUID(),
        project_id,
        name,
        secret: newSecret(),
        created_at: now,
      };
      const { id, kind, secret } = channel;
      const insert = sql`INSERT INTO channels (id, project_id, name, kind, settings, secret, created_at)
      SELECT ${id}, ${project_id}, ${name}, ${kind}, ${JSON.stringify(channel.settings)}, ${secret},
        CASE WHEN (SELECT count(*) FROM channels WHERE project_id = ${project_id} AND removed_at IS NULL) < ${MOST_CHANNELS}
          THEN ${now} END`;
      const details = { name, kind, to: shownOf(channel) };
      try {
        await act({ project_id, subject: id, details }, [insert]);
      } catch (error) {
        if (!isGuarded(error, "channels.created_at")) throw error;
        throw new Problem(409, `${project_id} has ${MOST_CHANNELS} channels, which is the most.`);
      }
      return withSecret(channel);
    },
  ),
  route(
    {
      id: "changeChannel",
      method: "patch",
      path: "/channels/:id",
      on: { row: "channels" },
      ...administered,
      summary: "Change a channel",
      description: "`settings` are given whole. `new_secret: true` replaces what a webhook is signed with, at once.",
      body: { schema: channelChanges, examples: { Name: { name: "Our server" } } },
      answers: { 200: { description: "The channel as it is now.", content: json(shownChannel) } },
      problems: [404],
      audit: "channel.change",
    },
    async ({ c, db, principal, params, readBody, act }) => {
      const { name, settings, new_secret } = await readBody();
      const before = await ownChannel(db, principal, params.id);
      const wrapped = z.object({ settings: KINDS[before.kind].settings });
      const changed = {
        ...before,
        ...(name !== undefined && { name }),
        ...(settings !== undefined && accept({ settings }, wrapped)),
        ...(new_secret && { secret: newSecret() }),
      } as Channel;
      check(c, changed);
      const { id, project_id, kind, secret } = changed;
      const details = {
        ...(name !== undefined && { name }),
        ...(settings !== undefined && { to: shownOf(changed) }),
        ...(new_secret && { new_secret }),
      };
      if (Object.keys(details).length > 0)
        await act({ project_id, subject: id, details }, [
          sql`UPDATE channels SET name = ${changed.name}, settings = ${JSON.stringify(changed.settings)}, secret = ${secret}
          WHERE id = ${id} AND removed_at IS NULL`,
        ]);
      return new_secret && kind === "webhook" ? withSecret(changed) : view(changed);
    },
  ),
  route(
    {
      id: "removeChannel",
      method: "delete",
      path: "/channels/:id",
      on: { row: "channels" },
      ...administered,
      summary: "Remove a channel",
      description: "Nothing is sent to it any more, what waited included; alerts and reports go on without it.",
      answers: { 204: { description: "Done." } },
      problems: [404],
      audit: "channel.remove",
    },
    async ({ db, principal, params, act, now }) => {
      const channel = await ownChannel(db, principal, params.id);
      const { id, project_id } = channel;
      await act({ project_id, subject: id }, [
        sql`UPDATE channels SET removed_at = ${now}, settings = '{}', secret = '' WHERE id = ${id}`,
        sql`DELETE FROM notices WHERE channel_id = ${id} AND status = 'waiting'`,
        without("alerts", channel),
        without("scheduled_reports", channel),
      ]);
    },
  ),
] as const;
