/** The link to unsubscribe from a report: it names the schedule and the channel, and is signed by a key of the instance. */
import { sameDigest } from "../http/keys.ts";
import { instanceKey } from "../instance-key.ts";
import type { Database } from "../store/database.ts";

const encoder = new TextEncoder();
const newKey = () => crypto.getRandomValues(new Uint8Array(32)).toHex();

async function signatureOf(db: Database, schedule_id: string, channel_id: string): Promise<string> {
  const secret = await instanceKey(db, "unsubscribing", newKey);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), hmac, false, ["sign"]);
  const signed = await crypto.subtle.sign("HMAC", key, encoder.encode(`${schedule_id}.${channel_id}`));
  return new Uint8Array(signed).toHex();
}

export const linkOf = async (db: Database, origin: string, schedule_id: string, channel_id: string) =>
  `${origin}/api/v1/unsubscribe?token=${schedule_id}.${channel_id}.${await signatureOf(db, schedule_id, channel_id)}`;

/** The schedule and channel that a link names; null where it was not signed by this instance. */
export async function unsubscriberOf(
  db: Database,
  token: string,
): Promise<{ schedule_id: string; channel_id: string } | null> {
  const [, schedule_id, channel_id, signature] = /^([\w-]{1,64})\.([\w-]{1,64})\.([0-9a-f]{64})$/.exec(token) ?? [];
  if (schedule_id === undefined || channel_id === undefined || signature === undefined) return null;
  return sameDigest(signature, await signatureOf(db, schedule_id, channel_id)) ? { schedule_id, channel_id } : null;
}
