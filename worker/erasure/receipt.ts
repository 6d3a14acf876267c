/** What an erasure found in which store: shown while it runs, and signed when it has finished. It never names the person. */

import { type SQL, sql } from "drizzle-orm";
import { instanceKey } from "../instance-key.ts";
import type { Database } from "../store/database.ts";
import { iso } from "../time.ts";
import type { Found, Work } from "./job.ts";

export type Receipt = {
  id: string;
  project_id: string;
  /** A keyed digest of the player, so that two receipts of the same player can be recognised. */
  subject: string;
  status: "running" | "finished";
  /** Whether new events of the player are refused from now on. */
  suppress: boolean;
  /** Rows, samples and events that named the person, by store. */
  found: Found;
  requested_at: string;
  finished_at: string | null;
};
export type SignedReceipt = Receipt & {
  /** Ed25519, base64, of the receipt without `signature` and `error`; null while it runs. */
  signature: string | null;
  /** The error that stops it; it is tried again each minute. */
  error: string | null;
};

export type ReceiptRow = {
  /** Its place in the order of requests. */
  n: number;
  id: string;
  project_id: string;
  subject: string;
  suppress: number;
  found: string;
  requested_at: number;
  finished_at: number | null;
  signature: string | null;
  error: string | null;
};

const receiptOf = (row: ReceiptRow): Receipt => ({
  id: row.id,
  project_id: row.project_id,
  subject: row.subject,
  status: row.finished_at === null ? "running" : "finished",
  suppress: row.suppress === 1,
  found: JSON.parse(row.found) as Found,
  requested_at: iso(row.requested_at),
  finished_at: iso(row.finished_at),
});

export const view = (row: ReceiptRow): SignedReceipt => ({
  ...receiptOf(row),
  signature: row.signature,
  error: row.error,
});

/** JSON without spaces, keys in order (RFC 8785 for text, whole numbers, true, false and null). */
export const canonical = (value: object): string => JSON.stringify(sorted(value));
const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, inner]) => [key, sorted(inner)]),
      )
    : value;

/** A new private key as text, a JWK. */
async function newKey(): Promise<string> {
  const { privateKey } = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  return JSON.stringify(await crypto.subtle.exportKey("jwk", privateKey));
}

const privateKey = async (db: Database) => JSON.parse(await instanceKey(db, "receipts", newKey)) as JsonWebKey;

export type PublicKey = {
  jwk: { kty: string; crv: string; x: string };
  /** The public key as PEM, for openssl. */
  pem: string;
};

export async function publicKey(db: Database): Promise<PublicKey> {
  const { kty, crv, x } = (await privateKey(db)) as { kty: string; crv: string; x: string };
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x }, "Ed25519", true, ["verify"]);
  const spki = new Uint8Array((await crypto.subtle.exportKey("spki", key)) as ArrayBuffer).toBase64();
  return { jwk: { kty, crv, x }, pem: `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n` };
}

/** The statements that finish the job: the signature is stored, and the names are removed. */
export async function sealed({ db, job, now }: Work): Promise<SQL> {
  const row = await db.get<ReceiptRow>(sql`SELECT * FROM erasures WHERE id = ${job.id}`);
  if (!row) throw new Error(`There is no erasure ${job.id}.`);
  const text = new TextEncoder().encode(canonical(receiptOf({ ...row, finished_at: now })));
  const key = await crypto.subtle.importKey("jwk", await privateKey(db), "Ed25519", false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key, text)).toBase64();
  return sql`names = NULL, finished_at = CAST(${now} AS INTEGER), signature = ${signature}`;
}
