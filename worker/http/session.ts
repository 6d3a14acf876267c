/**
 * The dashboard's session: a signed cookie. Signing out ends it, and all sessions of a credential can be ended at once.
 * Ended sessions are looked up at each request, as share links are, so the end is in force at once and everywhere. Changing
 * ADMIN_TOKEN ends all sessions.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Context } from "hono";
import { deleteCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import * as z from "zod";
import { mainDatabaseOf } from "../store/database.ts";
import { ADMIN, principalOfKeyId } from "./keys.ts";
import type { App, Principal } from "./principal.ts";

const COOKIE = "session";
export const SESSION_SECONDS = 7 * 86_400;

const session = z.object({
  id: z.string(),
  /** The key that it began with; null is ADMIN_TOKEN. */
  key_id: z.string().nullable(),
  /** Epoch milliseconds. */
  began_at: z.number(),
  until: z.number(),
});
export type Session = z.output<typeof session>;

type InWorker = Context<App>;

const secret = (c: InWorker) => `session ${c.env.ADMIN_TOKEN}`;

export async function startSession(c: InWorker, { key_id }: Principal, now: number): Promise<void> {
  const until = now + SESSION_SECONDS * 1_000;
  const value = JSON.stringify({ id: crypto.randomUUID(), key_id, began_at: now, until } satisfies Session);
  await setSignedCookie(c, COOKIE, value, secret(c), {
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    secure: new URL(c.req.url).protocol === "https:",
    maxAge: SESSION_SECONDS,
  });
}

/** The session of a cookie; null where there is none, where it is not ours or was altered, or where it has expired. */
export async function readSession(c: InWorker, now: number): Promise<Session | null> {
  if (!c.env.ADMIN_TOKEN) return null;
  const value = await getSignedCookie(c, secret(c), COOKIE);
  if (!value) return null;
  // The signature is ours, but perhaps by an older version.
  const { data } = session.safeParse(JSON.parse(value));
  return data && now < data.until ? data : null;
}

/** The prefix of entries that end all sessions of a credential: no id of a session begins like this. */
const everyOne = (key_id: string | null) => `all of ${key_id ?? "admin"}`;

/** The principal of the session; null where the session was ended, or its key has expired or was revoked. */
export async function principalOfSession(
  env: Env,
  { id, key_id, began_at }: Pick<Session, "id" | "key_id" | "began_at">,
  now: number,
): Promise<Principal | null> {
  const [ended, principal] = await Promise.all([
    mainDatabaseOf(env).get(sql`SELECT 1 FROM ended_sessions
      WHERE id = ${id} OR (id = ${everyOne(key_id)} AND ended_at >= ${began_at})`),
    key_id === null ? ADMIN : principalOfKeyId(env, key_id, now),
  ]);
  return ended === undefined ? principal : null;
}

const end = (id: string, until: number, now: number): SQL[] => [
  sql`INSERT INTO ended_sessions (id, ended_at, until) VALUES (${id}, ${now}, ${until})
    ON CONFLICT DO UPDATE SET ended_at = max(ended_at, excluded.ended_at), until = max(until, excluded.until)`,
  sql`DELETE FROM ended_sessions WHERE until < ${now}`,
];

/** The statement that ends one session. */
export const endSession = ({ id, until }: Session, now: number): SQL[] => end(id, until, now);

/** The statement that ends every session that began with a credential up to now. */
export const endSessionsOf = (key_id: string | null, now: number): SQL[] =>
  end(everyOne(key_id), now + SESSION_SECONDS * 1_000, now);

export function forgetSession(c: InWorker): void {
  deleteCookie(c, COOKIE, { path: "/" });
}
