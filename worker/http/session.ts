/** The dashboard's session: a signed cookie, so that it costs no look-up of its own. Changing ADMIN_TOKEN ends all of them. */
import type { Context } from "hono";
import { deleteCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import * as z from "zod";
import { ADMIN, principalOfKeyId } from "./keys.ts";
import type { App, Principal } from "./principal.ts";

const COOKIE = "session";
export const SESSION_SECONDS = 7 * 86_400;

const session = z.object({
  /** The key that it began with; null is ADMIN_TOKEN. */
  key_id: z.string().nullable(),
  /** Epoch milliseconds. */
  until: z.number(),
});
type Session = z.output<typeof session>;

type InWorker = Context<App>;

const secret = (c: InWorker) => `session ${c.env.ADMIN_TOKEN}`;

export async function startSession(c: InWorker, { key_id }: Principal, now: number): Promise<void> {
  const value = JSON.stringify({ key_id, until: now + SESSION_SECONDS * 1_000 } satisfies Session);
  await setSignedCookie(c, COOKIE, value, secret(c), {
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    secure: new URL(c.req.url).protocol === "https:",
    maxAge: SESSION_SECONDS,
  });
}

/** Who signed in; null where nobody did, the cookie is not ours or was altered, or the session or its key is over. */
export async function readSession(c: InWorker, now: number): Promise<Principal | null> {
  if (!c.env.ADMIN_TOKEN) return null;
  const value = await getSignedCookie(c, secret(c), COOKIE);
  if (!value) return null;
  // Signed by us, but perhaps by an older version of us.
  const { data } = session.safeParse(JSON.parse(value));
  if (!data || now >= data.until) return null;
  const { key_id } = data;
  return key_id === null ? ADMIN : principalOfKeyId(c.env, key_id, now);
}

export function endSession(c: InWorker): void {
  deleteCookie(c, COOKIE, { path: "/" });
}
