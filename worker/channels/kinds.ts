/** The kinds of channels, as data: the settings of each, which of them may be shown, and the request that sends a message. */

import * as z from "zod";
import type { PostbackRequest } from "../postbacks/request.ts";
import { SIGNATURE, signatureOf } from "../postbacks/signature.ts";
import { iso } from "../time.ts";
import { mail, mailSettings } from "./mail.ts";
import { type Message, textOf } from "./message.ts";

const address = z.string().min(1, "must not be empty").max(2_000, "is too long");

/** The secret that signs a message, and when it is sent, in epoch milliseconds. */
export type Sending = { secret: string; at: number };
type Request = PostbackRequest | Promise<PostbackRequest>;

type Kind<Settings extends z.ZodObject> = {
  settings: Settings;
  /** The settings that are addresses: the rules of docs/postbacks.md apply to them. */
  addresses: readonly (keyof z.output<Settings> & string)[];
  /** The target, for everybody who may see the channel: without anything that would let them write to it. */
  shown(settings: z.output<Settings>): string;
  request(settings: z.output<Settings>, message: Message, sending: Sending): Request;
};
const kind = <Settings extends z.ZodObject>(definition: Kind<Settings>): Kind<Settings> => definition;

const posted = (url: string, body: unknown): PostbackRequest => ({
  method: "POST",
  url,
  body: JSON.stringify(body),
  headers: { "user-agent": "Edgepixel", "content-type": "application/json" },
});

const hostOf = (url: string) => new URL(url).host;
const cut = (text: string, most: number) => {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
};

/** https://core.telegram.org/bots/api#sendmessage; the text is sent without `parse_mode`, so nothing in it is read as markup. */
const TELEGRAM = "https://api.telegram.org";
const TELEGRAM_CHARACTERS = 4_096;
/** https://discord.com/developers/docs/resources/webhook#execute-webhook */
const DISCORD_CHARACTERS = 2_000;
/** https://api.slack.com/reference/surfaces/formatting#escaping */
const slackText = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const SLACK_CHARACTERS = 4_000;

export const KINDS = {
  webhook: kind({
    settings: z.strictObject({ url: address }),
    addresses: ["url"],
    shown: ({ url }) => `${new URL(url).origin}${new URL(url).pathname}`,
    async request({ url }, { report, ...message }, { secret, at }) {
      const { kind, subject, project_id, title, lines, link, details } = message;
      const fields = { kind, subject, project_id, at: iso(message.at), title, lines, link };
      const csv = report && { csv_name: report.csv.name, csv: report.csv.text };
      const request = posted(new URL(url).href, { ...fields, ...details, ...csv });
      const signature = await signatureOf(secret, at, "POST", request.url, request.body);
      return { ...request, headers: { ...request.headers, [SIGNATURE]: signature } };
    },
  }),
  slack: kind({
    settings: z.strictObject({ url: address }),
    addresses: ["url"],
    shown: ({ url }) => hostOf(url),
    request: ({ url }, message) => posted(url, { text: cut(slackText(textOf(message)), SLACK_CHARACTERS) }),
  }),
  discord: kind({
    settings: z.strictObject({ url: address }),
    addresses: ["url"],
    shown: ({ url }) => hostOf(url),
    // The text may contain a tag that looks like a mention: it must notify nobody.
    request: ({ url }, message) =>
      posted(url, { content: cut(textOf(message), DISCORD_CHARACTERS), allowed_mentions: { parse: [] } }),
  }),
  telegram: kind({
    settings: z.strictObject({
      token: z.string().regex(/^\d+:[\w-]+$/, "must be a bot's token, such as 123456:ABC-DEF"),
      chat_id: z.string().regex(/^(?:-?\d+|@\w+)$/, "must be a number or an @name"),
      server: address.default(TELEGRAM).describe("Where you run a Bot API server of your own."),
    }),
    addresses: ["server"],
    shown: ({ chat_id }) => chat_id,
    request: ({ token, chat_id, server }, message) =>
      posted(`${server.replace(/\/$/, "")}/bot${token}/sendMessage`, {
        chat_id,
        text: cut(textOf(message), TELEGRAM_CHARACTERS),
        link_preview_options: { is_disabled: true },
      }),
  }),
  email: kind({
    settings: mailSettings,
    addresses: ["url"],
    shown: ({ to }) => to,
    request: mail,
  }),
} as const;
