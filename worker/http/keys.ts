/** Keys: their form, how they are stored, and the principal of each. */
import { eq } from "drizzle-orm";
import { log } from "../log.ts";
import { Remembered } from "../remembered.ts";
import { COPY_MS, dropCopy, findCopy, keepCopy } from "../sealed-copy.ts";
import { mainDatabaseOf } from "../store/database.ts";
import { keys } from "../store/schema.ts";
import type { Principal } from "./principal.ts";

/** How long an isolate trusts what it has read of a key, in milliseconds: a revoked key stops within it. */
export const KEY_TTL_MS = 20_000;
const ABSENT_TTL_MS = 5_000;
const MOST = 1_000;

type Key = typeof keys.$inferSelect;
const known = new Remembered<Key>(MOST);
/** Ids without a key, remembered separately, so that guesses do not displace keys. */
const absent = new Remembered<null>(MOST);

const copyName = (id: string) => `key ${id}`;

/** How a key is looked up. */
export type LookingUp = {
  /** Called before the database is asked for an id that may be a guess: throws where there were too many. */
  guess?: (() => Promise<void>) | undefined;
  /**
   * Whether a key that was read within the hour is accepted while the database does not answer. It may have been revoked
   * meanwhile, so it may send events, but not read or change anything.
   */
  copies?: boolean | undefined;
};

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

/** The holder of ADMIN_TOKEN. */
export const ADMIN: Principal = { role: "admin", project_id: null, banner_tags: null, key_id: null };

async function findKey(env: Env, id: string, now: number, { guess, copies }: LookingUp): Promise<Key | null> {
  const memory = known.get(id);
  if (memory && now < memory.until) return memory.value;
  if (now < (absent.get(id)?.until ?? 0)) return null;
  const last = memory ?? (await findCopy<Key>(env, copyName(id), now));
  // A key that was valid within the last hour is no guess.
  if (!last) await guess?.();
  try {
    const [key = null] = await mainDatabaseOf(env).select().from(keys).where(eq(keys.id, id));
    if (key) {
      known.set(id, { value: key, read_at: now, until: now + KEY_TTL_MS });
      keepCopy(env, copyName(id), { value: key, read_at: now });
    } else {
      absent.set(id, { value: null, read_at: now, until: now + ABSENT_TTL_MS });
      if (last) forgetKey(id);
    }
    return key;
  } catch (error) {
    if (!copies || !last || now >= last.read_at + COPY_MS) throw error;
    log("warn", "key not read", { key_id: id, error: String(error) });
    return last.value;
  }
}

/** After a change: forgets what was read before, here and in this data centre's copies. */
export function forgetKey(id: string): void {
  known.delete(id);
  dropCopy(copyName(id));
}

function principalFrom(key: Key | null, now: number): Principal | null {
  if (!key || key.revoked_at !== null || (key.expires_at !== null && key.expires_at <= now)) return null;
  const { id, role, project_id, banner_tags, hide_amounts } = key;
  return { role, project_id, banner_tags, key_id: id, ...(hide_amounts && { hide_amounts }) };
}

let adminDigest: { token: string; digest: string } | null = null;

async function isAdmin(env: Env, digest: string): Promise<boolean> {
  if (!env.ADMIN_TOKEN) return false;
  if (adminDigest?.token !== env.ADMIN_TOKEN) {
    adminDigest = { token: env.ADMIN_TOKEN, digest: await sha256(env.ADMIN_TOKEN) };
  }
  return sameDigest(digest, adminDigest.digest);
}

/** The principal of a key, or null where there is no such key, or where it has expired or was revoked. */
export async function principalOfKey(
  env: Env,
  given: string,
  now: number,
  lookingUp: LookingUp = {},
): Promise<Principal | null> {
  const digest = await sha256(given);
  const [, id] = /^ep_([0-9a-f]{16})_[0-9a-f]{48}$/.exec(given) ?? [];
  if (id === undefined) return (await isAdmin(env, digest)) ? ADMIN : null;
  const key = await findKey(env, id, now, lookingUp);
  return key && sameDigest(digest, key.hash) ? principalFrom(key, now) : null;
}

/** The principal of a key that a session began with: a session lasts no longer than its key. */
export async function principalOfKeyId(env: Env, id: string, now: number): Promise<Principal | null> {
  return principalFrom(await findKey(env, id, now, {}), now);
}
