/**
 * Share links: the token of a link, and its password where it has one, open a project's figures without a key. The
 * token opens a session: a signed bearer, since a page inside of another site's has no cookie. The link itself is looked up
 * at each request, so that it stops at once when it is revoked.
 */

import { sql } from "drizzle-orm";
import { type Database, databaseOf } from "../store/database.ts";
import { rowOnShard } from "../store/row-on-shard.ts";
import { iso } from "../time.ts";
import { sameDigest, sha256 } from "./keys.ts";
import type { Principal } from "./principal.ts";
import { type SegmentRow, segmentOf } from "./saved-segment.ts";
import { knownTags, narrowed, otherFields, type TagFilter } from "./tag-filter.ts";

const SESSION_MS = 12 * 3_600_000;
/** As many iterations as the platform permits. */
const ITERATIONS = 100_000;

export type Share = {
  share_id: string;
  project_id: string;
  name: string;
  hash: string;
  password: Password | null;
  segment_id: string | null;
  banner_tags: string[] | null;
  view: string | null;
  /** Epoch milliseconds. */
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  hide_amounts: boolean;
};
export type ShareRow = Omit<Share, "password" | "banner_tags" | "hide_amounts"> & {
  password: string | null;
  banner_tags: string | null;
  hide_amounts: 0 | 1;
};
/** Hex. */
type Password = { salt: string; iterations: number; hash: string };

export const shareOf = (row: ShareRow): Share => ({
  ...row,
  password: JSON.parse(row.password ?? "null"),
  banner_tags: JSON.parse(row.banner_tags ?? "null"),
  hide_amounts: row.hide_amounts === 1,
});

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)).toHex();

/** `eps_<id>_<secret>`, as keys are made. */
export function makeToken(): { share_id: string; token: string } {
  const share_id = random(8);
  return { share_id, token: `eps_${share_id}_${random(24)}` };
}

async function derive(password: string, salt: string, iterations: number): Promise<string> {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(password), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: Uint8Array.fromHex(salt), iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256)).toHex();
}

export async function hashPassword(password: string): Promise<Password> {
  const salt = random(16);
  return { salt, iterations: ITERATIONS, hash: await derive(password, salt, ITERATIONS) };
}

export const isPassword = async (given: string, { salt, iterations, hash }: Password): Promise<boolean> =>
  sameDigest(await derive(given, salt, iterations), hash);

/** A link that is open now, with the filter of its segment, and its database. */
type Open = Share & { filter: TagFilter | null; db: Database };

/** A link names no project, so it is looked for on all shards. */
async function openShare(env: Env, share_id: string, now: number): Promise<Open | null> {
  const found = await rowOnShard(env, "shares", "share_id", share_id);
  if (found === null) return null;
  const db = databaseOf(found);
  const row = await db.get<ShareRow | undefined>(sql`SELECT * FROM shares WHERE share_id = ${share_id}`);
  if (!row || row.revoked_at !== null || row.expires_at <= now) return null;
  const share = shareOf(row);
  if (share.segment_id === null) return { ...share, filter: null, db };
  const segment = await db.get<SegmentRow | undefined>(
    sql`SELECT * FROM segments WHERE segment_id = ${share.segment_id}`,
  );
  // Without its segment it would show everything, and by tags alone more than a segment with other fields.
  const filter = segment ? segmentOf(segment).filter : null;
  return filter !== null && otherFields(filter).length === 0 ? { ...share, filter, db } : null;
}

/** The link of a token, if it is valid. */
export async function shareOfToken(env: Env, token: string, now: number): Promise<Share | null> {
  const [, share_id] = /^eps_([0-9a-f]{16})_[0-9a-f]{48}$/.exec(token) ?? [];
  const share = share_id === undefined ? null : await openShare(env, share_id, now);
  return share && sameDigest(await sha256(token), share.hash) ? share : null;
}

async function signed(env: Env, share_id: string, until: number): Promise<string> {
  const encode = (text: string) => new TextEncoder().encode(text);
  const how = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encode(`share session ${env.ADMIN_TOKEN}`), how, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, encode(`${share_id} ${until}`));
  return `ess_${share_id}_${until}_${new Uint8Array(mac).toHex()}`;
}

const SESSION = /^ess_([0-9a-f]{16})_(\d{13})_[0-9a-f]{64}$/;
export const isShareSession = (bearer: string): boolean => SESSION.test(bearer);

/** A session never outlasts its link. */
export async function startShareSession(env: Env, { share_id, expires_at }: Share, now: number) {
  const until = Math.min(now + SESSION_MS, expires_at);
  return { session: await signed(env, share_id, until), expires_at: iso(until) };
}

/** The principal who opened a link; null where the session is not ours or was altered, or where it or its link is over. */
export async function principalOfShareSession(env: Env, bearer: string, now: number): Promise<Principal | null> {
  const [, share_id = "", until = "0"] = SESSION.exec(bearer) ?? [];
  if (!env.ADMIN_TOKEN || now >= Number(until)) return null;
  if (!sameDigest(await signed(env, share_id, Number(until)), bearer)) return null;
  const principal = await principalOfShare(env, share_id, now);
  return principal && { ...principal, expires_at: iso(Number(until)) };
}

/** The principal who opened a link earlier; null where the link is over. */
export async function principalOfShare(env: Env, share_id: string, now: number): Promise<Principal | null> {
  const share = await openShare(env, share_id, now);
  if (!share) return null;
  const { db, project_id, banner_tags, filter, hide_amounts } = share;
  return {
    role: "viewer",
    project_id,
    banner_tags: filter ? await narrowed(banner_tags, [filter], () => knownTags(db, project_id)) : banner_tags,
    key_id: null,
    share_id,
    ...(hide_amounts && { hide_amounts }),
  };
}
