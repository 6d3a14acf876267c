/** The dashboard's session: a signed cookie, so that it costs no look-up. Changing ADMIN_TOKEN ends all of them. */
import type { Context } from "hono";
import { deleteCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import * as z from "zod";
import type { App } from "./principal.ts";

const COOKIE = "session";
export const SESSION_SECONDS = 7 * 86_400;

const session = z.object({
  role: z.enum(["viewer", "analyst", "admin"]),
  project_id: z.string().nullable(),
  /** Epoch milliseconds. */
  until: z.number(),
});
export type Session = z.output<typeof session>;

type InWorker = Context<App>;

const secret = (c: InWorker) => `session ${c.env.ADMIN_TOKEN}`;

export async function startSession(c: InWorker, content: Omit<Session, "until">, now: number): Promise<void> {
  const value = JSON.stringify({ ...content, until: now + SESSION_SECONDS * 1_000 } satisfies Session);
  await setSignedCookie(c, COOKIE, value, secret(c), {
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    secure: new URL(c.req.url).protocol === "https:",
    maxAge: SESSION_SECONDS,
  });
}

/** Null where there is none, or it is not ours, was altered, or is over. */
export async function readSession(c: InWorker, now: number): Promise<Session | null> {
  if (!c.env.ADMIN_TOKEN) return null;
  const value = await getSignedCookie(c, secret(c), COOKIE);
  if (!value) return null;
  const content = session.parse(JSON.parse(value));
  return now < content.until ? content : null;
}

export function endSession(c: InWorker): void {
  deleteCookie(c, COOKIE, { path: "/" });
}
