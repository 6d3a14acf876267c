/**
 * Who asked not to be recorded again. Only digests are kept, keyed with a secret of the instance: the list tells nobody
 * who is on it. Read once in a while, as a project's settings are; a project without any costs no digest at all.
 */
import { type SQL, sql } from "drizzle-orm";
import type { FieldError } from "./event.ts";
import { instanceKey } from "./instance-key.ts";
import { SETTINGS_TTL_MS } from "./project.ts";
import { type Database, openDatabase } from "./schema.ts";

/** As sent, or as stored: absent is undefined or null. */
type Named = { player_id?: unknown; visitor_id?: unknown };
const FIELDS = ["player_id", "visitor_id"] as const;
export type NameField = (typeof FIELDS)[number];

type Known = { digests: ReadonlySet<string>; until: number };
const known = new Map<string, Known>();
const MOST = 1_000;

const encoder = new TextEncoder();
let key: { secret: string; hmac: CryptoKey } | undefined;

async function hmac(db: Database): Promise<CryptoKey> {
  const secret = await instanceKey(db, "digests", () => crypto.getRandomValues(new Uint8Array(32)).toHex());
  if (key?.secret !== secret) {
    const bytes = Uint8Array.fromHex(secret);
    key = {
      secret,
      hmac: await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
    };
  }
  return key.hmac;
}

/** The keyed digest of a name, 32 hex digits. */
export async function digestOf(db: Database, project_id: string, field: NameField, name: string): Promise<string> {
  const text = encoder.encode(JSON.stringify([project_id, field, name]));
  return new Uint8Array(await crypto.subtle.sign("HMAC", await hmac(db), text)).slice(0, 16).toHex();
}

async function digestsOf(db: Database, project_id: string, now: number): Promise<ReadonlySet<string>> {
  const cached = known.get(project_id);
  if (cached && now < cached.until) return cached.digests;
  try {
    const rows = await db.values<[string]>(sql`SELECT digest FROM suppressions WHERE project_id = ${project_id}`);
    if (known.size >= MOST) known.clear();
    const digests = new Set(rows.map(([digest]) => digest));
    known.set(project_id, { digests, until: now + SETTINGS_TTL_MS });
    return digests;
  } catch (error) {
    if (cached) return cached.digests;
    throw error;
  }
}

/** The field that names someone who is not to be recorded, or null. */
export async function suppressed(env: Env, project_id: string, sent: Named, now: number): Promise<NameField | null> {
  const db = openDatabase(env.DB);
  const digests = await digestsOf(db, project_id, now);
  if (digests.size === 0) return null;
  for (const field of FIELDS) {
    const name = sent[field];
    if (name === undefined || name === null || name === "") continue;
    if (digests.has(await digestOf(db, project_id, field, String(name)))) return field;
  }
  return null;
}

/** Why such an event is refused; it does not repeat the name. */
export const erased = (field: NameField): FieldError => ({
  field,
  code: "erased",
  message: `the person behind this ${field} was erased, and is not to be recorded again`,
});

export const suppress = (project_id: string, digests: readonly string[]): SQL =>
  sql`INSERT OR IGNORE INTO suppressions (project_id, digest)
    SELECT ${project_id}, value FROM json_each(${JSON.stringify(digests)})`;

/** Makes the next look-up in this isolate read again. */
export function forgetSuppressions(): void {
  known.clear();
}
