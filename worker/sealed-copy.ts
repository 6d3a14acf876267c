/**
 * Copies of what was read from the database, in Cloudflare's cache: while the database does not answer, an isolate that has
 * read nothing yet uses what others in its data centre have read within the hour. Nobody outside can request the address,
 * but other Workers of the same account share the cache, and a copy contains secrets of projects and digests of keys. So
 * each copy is encrypted with a key made from ADMIN_TOKEN, and bound to its name: it cannot be read, forged or used under
 * another name. Without an ADMIN_TOKEN there are no copies; on workers.dev the cache keeps none.
 */
import { waitUntil } from "cloudflare:workers";
import { log } from "./log.ts";
import type { Memory } from "./remembered.ts";

/** For how long a copy may be used, in milliseconds. */
export const COPY_MS = 3_600_000;
/** No such host can exist. The number increases when the form of copies changes. */
const ADDRESS = "https://copies.edgepixel.invalid/2/";
const IV_BYTES = 12;

export type Copy<Value> = Pick<Memory<Value>, "value" | "read_at">;

const encoder = new TextEncoder();
let known: { token: string; key: CryptoKey } | undefined;

async function sealingKey(token: string): Promise<CryptoKey> {
  if (known?.token !== token) known = { token, key: await derive(token) };
  return known.key;
}

async function derive(token: string): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey("raw", encoder.encode(token), "HKDF", false, ["deriveKey"]);
  const how = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(),
    info: encoder.encode("edgepixel sealed copies"),
  };
  return crypto.subtle.deriveKey(how, secret, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

const addressOf = (name: string) => `${ADDRESS}${encodeURIComponent(name)}`;
const sealing = (name: string, iv: Uint8Array) => ({ name: "AES-GCM", iv, additionalData: encoder.encode(name) });

/** Nothing waits for it, and nothing depends on it. */
function inTheBackground(act: Promise<unknown>): void {
  waitUntil(act.catch((error) => log("warn", "copy not kept", { error: String(error) })));
}

export function keepCopy<Value>(env: Env, name: string, copy: Copy<Value>): void {
  if (env.ADMIN_TOKEN) inTheBackground(keep(env.ADMIN_TOKEN, name, copy));
}

async function keep<Value>(token: string, name: string, copy: Copy<Value>): Promise<void> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const text = encoder.encode(JSON.stringify(copy));
  const sealed = await crypto.subtle.encrypt(sealing(name, iv), await sealingKey(token), text);
  const headers = { "content-type": "application/octet-stream", "cache-control": `max-age=${COPY_MS / 1_000}` };
  await caches.default.put(addressOf(name), new Response(new Blob([iv, sealed]), { headers }));
}

/** A copy that is ours and young enough, or null. Never throws. */
export async function findCopy<Value>(env: Env, name: string, now: number): Promise<Copy<Value> | null> {
  if (!env.ADMIN_TOKEN) return null;
  try {
    const found = await caches.default.match(addressOf(name));
    if (!found) return null;
    const bytes = new Uint8Array(await found.arrayBuffer());
    const how = sealing(name, bytes.subarray(0, IV_BYTES));
    const opened = await crypto.subtle.decrypt(how, await sealingKey(env.ADMIN_TOKEN), bytes.subarray(IV_BYTES));
    const copy = JSON.parse(new TextDecoder().decode(opened)) as Copy<Value>;
    return now < copy.read_at + COPY_MS ? copy : null;
  } catch (error) {
    log("warn", "copy not readable", { error: String(error) });
    return null;
  }
}

/** In this data centre only; in others a copy expires. */
export function dropCopy(name: string): void {
  inTheBackground(caches.default.delete(addressOf(name)));
}
