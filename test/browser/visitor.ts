/** A visitor of a site with the snippet, and the requests that the pages send to the server. */
import type { Browser, BrowserContext, Page, Request } from "playwright-core";
import { beforeEach, expect } from "vitest";
import { report, type Server } from "../server.ts";

export type Sent = { type: string; fields: Record<string, string>; at: number };
export type Visitor = { context: BrowserContext; page: Page; sent: Sent[]; errors: string[]; warnings: string[] };

/** A new browser profile. `prepare` runs before the pages' scripts. */
export async function visitorOf(browser: Browser, server: Server, prepare?: string): Promise<Visitor> {
  const context = await browser.newContext();
  if (prepare) await context.addInitScript(prepare);
  const visitor: Visitor = { context, page: await context.newPage(), sent: [], errors: [], warnings: [] };
  context.on("request", (request) => {
    const event = read(request, server);
    if (event) visitor.sent.push(event);
  });
  context.on("weberror", (error) => visitor.errors.push(String(error.error())));
  context.on("console", (message) => {
    if (message.type() === "warning") visitor.warnings.push(message.text());
  });
  return visitor;
}

/** The event in a request of the snippet, without `sent_at`, which differs at each try. */
function read(request: Request, server: Server): Sent | undefined {
  const url = new URL(request.url());
  if (url.origin !== server.url || url.pathname !== "/happened") return undefined;
  const { event_type = "", sent_at, ...fields } = Object.fromEntries(url.searchParams);
  expect(Number(sent_at)).toBeGreaterThan(0);
  return { type: event_type, fields, at: Date.now() };
}

export const types = ({ sent }: Pick<Visitor, "sent">) => sent.map(({ type }) => type);
export const last = ({ sent }: Pick<Visitor, "sent">) => sent.at(-1)?.fields ?? {};

/** The snippet's entry in the browser's storage. */
export async function stored(
  page: Page,
  project = "default",
): Promise<Record<string, unknown> & { unsent: unknown[] }> {
  return JSON.parse(await page.evaluate<string>(`localStorage.getItem("edgepixel:${project}") || "{}"`));
}

/** Polls, since no duration here is fixed. */
export const eventually = <Value>(
  read: () => Value | Promise<Value>,
  message = "",
): ReturnType<typeof expect.poll<Value>> => expect.poll(read, { timeout: 200_000, message });

/**
 * No request of the visitor reaches a server from here on. The browser says that it is offline before its network process
 * knows, which a busy machine shows: requests that are sent meanwhile arrive.
 */
export async function goOffline({ context, page }: Visitor): Promise<void> {
  await context.setOffline(true);
  await eventually(() =>
    page.evaluate(`fetch(location.href, { keepalive: true }).then(() => "arrived", () => "failed")`),
  ).toBe("failed");
}

/** When the test began: what it left in the log when it ran before, and failed, does not count. */
let begun = 0;
beforeEach(() => {
  begun = Date.now();
});

/** The number of this test's counted events in the log, by type. The figures follow the log by up to ten seconds. */
export async function counted(server: Server, banner_tag: string): Promise<Record<string, number>> {
  const { rows } = await report<{ rows: { event_type: string; outcome: string; received_at: string }[] }>(
    server,
    `events?banner_tag=${encodeURIComponent(banner_tag)}`,
  );
  const types: Record<string, number> = {};
  for (const { event_type, outcome, received_at } of rows)
    if (Date.parse(received_at) >= begun && !["bot", "duplicate", "test"].includes(outcome))
      types[event_type] = (types[event_type] ?? 0) + 1;
  return types;
}
