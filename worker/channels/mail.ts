/**
 * E-mail: by Cloudflare's binding, which makes the MIME itself, or by the HTTP API of a mail service. The request to a service
 * is data: a JSON body with macros in its texts. docs/alerts.md has the bodies for some services.
 */
import * as z from "zod";
import { type Json, textsIn, withTexts } from "../postbacks/json-texts.ts";
import { fill, namesIn } from "../postbacks/macros.ts";
import type { PostbackRequest } from "../postbacks/request.ts";
import { htmlOf } from "./html.ts";
import { type Message, textOf } from "./message.ts";

const MACROS = ["from", "to", "subject", "text", "html", "csv_name", "csv_base64", "unsubscribe"] as const;
type Macro = (typeof MACROS)[number];

/** An address for a header of a mail: only one, and without anything that would begin another header. */
const mailbox = z.email("must be an e-mail address").max(254, "is too long");

const bodyTemplate = z
  .string()
  .max(8_000, "must be 8000 characters at most")
  .superRefine((text, context) => {
    const refuse = (message: string) => context.addIssue({ code: "custom", message });
    try {
      const unknown = textsIn(JSON.parse(text) as Json)
        .flatMap(namesIn)
        .find((name) => !MACROS.some((macro) => macro === name));
      if (unknown !== undefined)
        refuse(
          `has the macro {${unknown}}, which there is not: ${MACROS.map((name) => `{${name}}`).join(", ")} are known`,
        );
    } catch {
      refuse("must be JSON, with macros inside of its texts only");
    }
  });

export const mailSettings = z.strictObject({
  to: mailbox,
  from: mailbox,
  /** The address of the mail service's API; where it is absent, Cloudflare's binding sends the mail. */
  url: z.string().min(1, "must not be empty").max(2_000, "is too long").optional(),
  header: z
    .string()
    .regex(/^[A-Za-z][\w-]{0,63}$/, "must be the name of a header, such as Authorization")
    .optional(),
  /** A secret, such as `Bearer re_123`. */
  header_value: z
    .string()
    .regex(/^[\x20-\x7e]{1,1000}$/, "must be plain text in one line")
    .optional(),
  body: bodyTemplate.optional(),
});
export type MailSettings = z.output<typeof mailSettings>;

/** The field that is missing for a mail service, and the rule; null where all or none of its settings are given. */
export function wrongMail({ url, header, header_value, body }: MailSettings): { field: string; rule: string } | null {
  const given = { url, header, header_value, body };
  const missing = Object.entries(given).find(([, value]) => value === undefined)?.[0];
  return missing === undefined || Object.values(given).every((value) => value === undefined)
    ? null
    : { field: missing, rule: "is required: url, header, header_value and body belong together" };
}

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();

const bare = (message: Message) =>
  message.report?.html ?? htmlOf({ title: message.title, lines: message.lines, link: message.link });

/** Without an attachment, the list items that have its macro are left out: services refuse an empty attachment. */
const withoutAttachments = (value: Json): Json => {
  const attaches = (one: Json) => textsIn(one).flatMap(namesIn).includes("csv_base64");
  if (Array.isArray(value)) return value.filter((one) => !attaches(one)).map(withoutAttachments);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutAttachments(one)]));
};

/** The request to a mail service. */
export function mail({ to, from, url, header, header_value, body }: MailSettings, message: Message): PostbackRequest {
  if (url === undefined || header === undefined || header_value === undefined || body === undefined)
    throw new Error("This channel has no mail service: the binding sends it.");
  const { report } = message;
  const values = new Map<Macro, string>([
    ["from", from],
    ["to", to],
    ["subject", message.title],
    ["text", textOf(message)],
    ["html", bare(message)],
    ["csv_name", report?.csv.name ?? ""],
    ["csv_base64", report ? base64(report.csv.text) : ""],
    ["unsubscribe", report?.unsubscribe ?? message.link],
  ]);
  const template = JSON.parse(body) as Json;
  const filled = withTexts(report ? template : withoutAttachments(template), (text) => fill(text, values, String));
  return {
    method: "POST",
    url: new URL(url).href,
    body: JSON.stringify(filled),
    headers: { "user-agent": "Edgepixel", "content-type": "application/json", [header]: header_value },
  };
}

/** RFC 8058: with both headers, a mail program can unsubscribe its reader by one click. */
const unsubscribing = (url: string) => ({
  "List-Unsubscribe": `<${url}>`,
  "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
});

/** The mail for Cloudflare's binding: https://developers.cloudflare.com/email-routing/email-workers/send-email-workers/. */
export function builderOf({ to, from }: MailSettings, message: Message): EmailMessageBuilder {
  const { report } = message;
  return {
    to,
    from: { name: "Edgepixel", email: from },
    subject: message.title,
    text: textOf(message),
    html: bare(message),
    ...(report?.unsubscribe && { headers: unsubscribing(report.unsubscribe) }),
    ...(report && {
      attachments: [
        {
          disposition: "attachment",
          filename: report.csv.name,
          type: "text/csv; charset=utf-8",
          content: new TextEncoder().encode(report.csv.text),
        },
      ],
    }),
  };
}
