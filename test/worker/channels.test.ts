/** The requests of each kind of channel, as data and to a real server. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Channel } from "../../worker/channels/channel.ts";
import { KINDS } from "../../worker/channels/kinds.ts";
import { builderOf, type MailSettings, mailSettings } from "../../worker/channels/mail.ts";
import type { Message } from "../../worker/channels/message.ts";
import { tell } from "../../worker/channels/sending.ts";
import { signatureOf } from "../../worker/postbacks/signature.ts";
import { received, receiver } from "./receiver.ts";

const AT = Date.parse("2026-05-01T12:00:00Z");
const SENDING = { secret: "a-secret", at: AT };
const message: Message = {
  kind: "opened",
  subject: "alert-1.1777636800000",
  project_id: "brand",
  title: "Alert: <No> deposits & more (brand)",
  lines: ["No deposit events of tag @everyone in the last 6 hours."],
  link: "https://events.example.com/?project_id=brand&view=alerts",
  at: AT,
  details: { alert: { id: "alert-1", name: "<No> deposits & more" } },
};
const text = [message.title, ...message.lines, message.link].join("\n");
const report: Message = {
  ...message,
  kind: "report",
  report: {
    html: "<p>Figures</p>",
    csv: { name: "brand.csv", text: "banner_tag,visits\r\nübung,1\r\n" },
    unsubscribe: "https://events.example.com/api/v1/unsubscribe?token=t",
  },
};
const long: Message = { ...message, lines: ["😀".repeat(5_000)] };
const body = ({ body }: { body: string | null }) => JSON.parse(body ?? "null") as Record<string, unknown>;
const base64 = (given: string) => new TextEncoder().encode(given).toBase64();

const MAIL = {
  to: "team@example.com",
  from: "edgepixel@example.com",
  url: "https://api.example.com/emails",
  header: "Authorization",
  header_value: "Bearer key",
  body: JSON.stringify({
    from: "Edgepixel <{from}>",
    to: ["{to}"],
    subject: "{subject}",
    html: "{html}",
    text: "{text}",
    headers: { "List-Unsubscribe": "<{unsubscribe}>" },
    attachments: [{ filename: "{csv_name}", content: "{csv_base64}" }],
  }),
} as const satisfies MailSettings;

describe("a message", () => {
  it("to a webhook is JSON, signed as postbacks are", async () => {
    const { method, url, headers, ...request } = await KINDS.webhook.request(
      { url: "https://hooks.example.com/in" },
      message,
      SENDING,
    );
    expect([method, url, headers["content-type"]]).toEqual([
      "POST",
      "https://hooks.example.com/in",
      "application/json",
    ]);
    const { details, ...told } = message;
    expect(body(request)).toEqual({ ...told, ...details, at: "2026-05-01T12:00:00.000Z" });
    expect(headers["X-Edgepixel-Signature"]).toBe(await signatureOf("a-secret", AT, "POST", url, request.body));
    const attached = await KINDS.webhook.request({ url }, report, SENDING);
    expect(body(attached)).toMatchObject({ csv_name: "brand.csv", csv: report.report?.csv.text });
  });

  it("to Slack has the signs &, < and > escaped", async () => {
    const { url, ...request } = await KINDS.slack.request({ url: "https://hooks.slack.com/x" }, message, SENDING);
    const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    expect([url, body(request)]).toEqual(["https://hooks.slack.com/x", { text: escaped }]);
  });

  it("to Discord mentions nobody, and is no longer than Discord allows", async () => {
    const settings = { url: "https://discord.com/api/webhooks/1/x" };
    expect(body(await KINDS.discord.request(settings, message, SENDING))).toEqual({
      content: text,
      allowed_mentions: { parse: [] },
    });
    const { content } = body(await KINDS.discord.request(settings, long, SENDING)) as { content: string };
    expect([[...content].length, content.at(-1)]).toEqual([2_000, "…"]);
  });

  it("to Telegram is plain text, at the bot's address", async () => {
    const settings = { token: "1:x", chat_id: "-1001", server: "https://api.telegram.org" };
    const { url, ...request } = await KINDS.telegram.request(settings, message, SENDING);
    expect(url).toBe("https://api.telegram.org/bot1:x/sendMessage");
    expect(body(request)).toEqual({ chat_id: "-1001", text, link_preview_options: { is_disabled: true } });
    const { text: cut } = body(await KINDS.telegram.request(settings, long, SENDING)) as { text: string };
    expect([...cut].length).toBe(4_096);
  });

  it("to a mail service fills its template, and leaves attachments out where there are none", async () => {
    const { headers, ...request } = await KINDS.email.request(MAIL, message, SENDING);
    expect(headers).toMatchObject({ Authorization: "Bearer key", "content-type": "application/json" });
    expect(body(request)).toMatchObject({
      from: "Edgepixel <edgepixel@example.com>",
      to: ["team@example.com"],
      subject: message.title,
      text,
      attachments: [],
    });
    const { html } = body(request) as { html: string };
    expect(html).toContain("Alert: &lt;No&gt; deposits &amp; more (brand)</h1>");
    expect(html).not.toContain("<No>");
    expect(body(await KINDS.email.request(MAIL, report, SENDING))).toMatchObject({
      html: "<p>Figures</p>",
      headers: { "List-Unsubscribe": `<${report.report?.unsubscribe}>` },
      attachments: [{ filename: "brand.csv", content: base64(report.report?.csv.text ?? "") }],
    });
  });

  it("by the mail binding has the page, the text, the table and a way to end it", () => {
    const { to, from } = MAIL;
    expect(builderOf({ to, from }, report)).toMatchObject({
      to,
      from: { name: "Edgepixel", email: from },
      subject: message.title,
      html: "<p>Figures</p>",
      headers: {
        "List-Unsubscribe": `<${report.report?.unsubscribe}>`,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      },
      attachments: [{ disposition: "attachment", filename: "brand.csv", type: "text/csv; charset=utf-8" }],
    });
    expect(builderOf({ to, from }, message)).not.toHaveProperty("attachments");
  });

  it.each([
    ["no JSON", "to={to}"],
    ["a macro that there is not", '{"to":"{recipient}"}'],
  ])("cannot be made of a template with %s", (_, template) => {
    expect(mailSettings.safeParse({ ...MAIL, body: template }).success).toBe(false);
  });

  it.each(["a@example.com\r\nBcc: b@example.com", "a", "a@example.com, b@example.com"])(
    "goes to one address, not to %j",
    (to) => {
      expect(mailSettings.safeParse({ ...MAIL, to }).success).toBe(false);
    },
  );
});

describe("sending", () => {
  const channel = (kind: string, settings: object): Channel =>
    ({ id: "c", project_id: "brand", name: "n", kind, settings, secret: "s", created_at: 0 }) as Channel;

  it("reaches each kind of server, and returns the answer", async () => {
    const addresses = {
      webhook: await receiver({}),
      slack: await receiver({ body: "ok" }),
      discord: await receiver({ status: 204, body: "" }),
      telegram: await receiver({}),
      email: await receiver({ status: 422, body: "no such sender" }),
    };
    const outcomes = {
      webhook: await tell(env, channel("webhook", { url: addresses.webhook }), message, AT),
      slack: await tell(env, channel("slack", { url: addresses.slack }), message, AT),
      discord: await tell(env, channel("discord", { url: addresses.discord }), message, AT),
      telegram: await tell(
        env,
        channel("telegram", { token: "1:x", chat_id: "-1", server: addresses.telegram }),
        message,
        AT,
      ),
      email: await tell(env, channel("email", { ...MAIL, url: addresses.email }), message, AT),
    };
    expect(outcomes).toMatchObject({
      webhook: { ok: true, status: 200 },
      slack: { ok: true, status: 200 },
      discord: { ok: true, status: 204 },
      telegram: { ok: true, status: 200 },
      email: { ok: false, status: 422, response: "no such sender", error: "it answered 422" },
    });
    expect(await received(`${addresses.telegram}/bot1:x/sendMessage`)).toHaveLength(1);
    expect((await received(addresses.email))[0]?.headers).toMatchObject({ authorization: "Bearer key" });
  });

  const { to, from } = MAIL;
  const bound = (EMAIL: unknown) => ({ ...env, EMAIL }) as unknown as Env;

  it("by the mail binding is accepted by it, including the table", async () => {
    const mail = channel("email", { to, from });
    for (const told of [message, report])
      expect(await tell(env, mail, told, AT)).toMatchObject({ ok: true, status: null, error: null });
  });

  it("by mail needs a binding or a service, and returns the code of a refusal", async () => {
    const mail = channel("email", { to, from });
    expect(await tell(bound(undefined), mail, message, AT)).toMatchObject({
      ok: false,
      error: "this instance has no mail binding: see docs/alerts.md",
    });
    const refused = Object.assign(new Error("bob@example.com is not verified"), { code: "E_SENDER_NOT_VERIFIED" });
    const refusing = bound({ send: () => Promise.reject(refused) });
    expect(await tell(refusing, mail, message, AT)).toMatchObject({
      ok: false,
      error: "the mail binding refused it: E_SENDER_NOT_VERIFIED",
    });
  });
});
