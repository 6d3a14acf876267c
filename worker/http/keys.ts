/** Keys: how they look, how they are kept, and whose they are. */
import { eq } from "drizzle-orm";
import { keys, openDatabase } from "../schema.ts";
import type { Principal } from "./principal.ts";

/** How long an isolate trusts what it has read of a key, in milliseconds: a revoked key stops within it. */
export const KEY_TTL_MS = 20_000;
const ABSENT_TTL_MS = 5_000;
const MOST = 1_000;

type Key = typeof keys.$inferSelect;
const known = new Map<string, { key: Key | null; until: number }>();

const encoder = new TextEncoder();

export async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))).toHex();
}

/** Digests are compared, never secrets, and in constant time: neither length nor content shows. */
export const sameDigest = (a: string, b: string): boolean =>
  a.length === b.length && crypto.subtle.timingSafeEqual(encoder.encode(a), encoder.encode(b));

/** `ep_<id>_<secret>`: the id finds it, the secret proves it. Both are random. */
export function makeKey(): { id: string; key: string } {
  const hex = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)).toHex();
  const id = hex(8);
  return { id, key: `ep_${id}_${hex(24)}` };
}

/** Whoever holds ADMIN_TOKEN. */
export const ADMIN: Principal = { role: "admin", project_id: null, banner_tags: null, key_id: null };

async function findKey(env: Env, id: string, now: number): Promise<Key | null> {
  const cached = known.get(id);
  if (cached && now < cached.until) return cached.key;
  const [key = null] = await openDatabase(env.DB).select().from(keys).where(eq(keys.id, id));
  if (known.size >= MOST) known.clear();
  known.set(id, { key, until: now + (key ? KEY_TTL_MS : ABSENT_TTL_MS) });
  return key;
}

export const forgetKey = (id: string): void => void known.delete(id);

function principalFrom(key: Key | null, now: number): Principal | null {
  if (!key || key.revoked_at !== null || (key.expires_at !== null && key.expires_at <= now)) return null;
  return { role: key.role, project_id: key.project_id, banner_tags: key.banner_tags, key_id: key.id };
}

let adminDigest: { token: string; digest: string } | null = null;

async function isAdmin(env: Env, digest: string): Promise<boolean> {
  if (!env.ADMIN_TOKEN) return false;
  if (adminDigest?.token !== env.ADMIN_TOKEN) {
    adminDigest = { token: env.ADMIN_TOKEN, digest: await sha256(env.ADMIN_TOKEN) };
  }
  return sameDigest(digest, adminDigest.digest);
}

/** The principal of a key, or null where it is none, is over, or was revoked. */
export async function principalOfKey(env: Env, given: string, now: number): Promise<Principal | null> {
  const digest = await sha256(given);
  const [, id] = /^ep_([0-9a-f]{16})_[0-9a-f]{48}$/.exec(given) ?? [];
  if (id === undefined) return (await isAdmin(env, digest)) ? ADMIN : null;
  const key = await findKey(env, id, now);
  return key && sameDigest(digest, key.hash) ? principalFrom(key, now) : null;
}

/** The principal of a key that was shown earlier: a session lasts no longer than its key. */
export async function principalOfKeyId(env: Env, id: string, now: number): Promise<Principal | null> {
  return principalFrom(await findKey(env, id, now), now);
}
