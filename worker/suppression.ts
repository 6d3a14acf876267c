/**
 * People who asked not to be recorded again. Only digests are stored, keyed with a secret of the instance, so the list does
 * not show who is on it. The doors have a project's newest digests, so that they can say why they refuse; the consumer asks
 * the database about everybody in a batch. For a project without suppressions no digest is computed.
 */
import { type SQL, sql } from "drizzle-orm";
import type { FieldError } from "./event.ts";
import { instanceKey } from "./instance-key.ts";
import { log } from "./log.ts";
import { findSnapshot } from "./project.ts";
import { type Database, databaseOf } from "./store/database.ts";

/** As sent, or as stored: absent is undefined or null. */
type Named = { player_id?: unknown; visitor_id?: unknown };
const FIELDS = ["player_id", "visitor_id"] as const;
export type NameField = (typeof FIELDS)[number];

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

/** As stored or as sent: absent values are left out. */
const namesOf = (sent: Named): [NameField, string][] =>
  FIELDS.flatMap((field) => {
    const name = sent[field];
    return name === undefined || name === null || name === "" ? [] : [[field, String(name)] as [NameField, string]];
  });

/**
 * The field that names a suppressed person, or null. For the doors, which do not wait for the database and do not have all
 * digests: the consumer drops the people whom they accept.
 */
export async function suppressed(env: Env, project_id: string, sent: Named, now: number): Promise<NameField | null> {
  const digests = (await findSnapshot(env, project_id, now))?.suppressions;
  if (!digests) return null;
  try {
    for (const [field, name] of namesOf(sent)) {
      if (digests.includes(await digestOf(databaseOf(env), project_id, field, name))) return field;
    }
  } catch (error) {
    log("warn", "suppression not checked", { project_id, error: String(error) });
  }
  return null;
}

/** For each event whether it names a suppressed person: one digest for each name and one query, however many there are. */
export async function areSuppressed(
  db: Database,
  sent: readonly (Named & { project_id: string })[],
): Promise<boolean[]> {
  const projects = JSON.stringify([...new Set(sent.map(({ project_id }) => project_id))]);
  const found = await db.values<[string]>(sql`SELECT p.value FROM json_each(${projects}) p
    WHERE EXISTS (SELECT 1 FROM suppressions s WHERE s.project_id = p.value)`);
  if (found.length === 0) return sent.map(() => false);
  const digests = new Map(found.map(([project_id]) => [project_id, new Map<string, string>()]));
  const nameOf = (field: NameField, name: string) => `${field} ${name}`;
  for (const one of sent) {
    const projectDigests = digests.get(one.project_id);
    for (const [field, name] of projectDigests ? namesOf(one) : []) {
      const known = projectDigests?.get(nameOf(field, name)) ?? (await digestOf(db, one.project_id, field, name));
      projectDigests?.set(nameOf(field, name), known);
    }
  }
  const asked = JSON.stringify(
    Object.fromEntries([...digests].map(([id, projectDigests]) => [id, [...projectDigests.values()]])),
  );
  const gone = new Set(
    (
      await db.values<[string, string]>(sql`SELECT p.key, d.value FROM json_each(${asked}) p, json_each(p.value) d
        WHERE EXISTS (SELECT 1 FROM suppressions s WHERE s.project_id = p.key AND s.digest = d.value)`)
    ).map(([project_id, digest]) => `${project_id} ${digest}`),
  );
  return sent.map((one) =>
    namesOf(one).some(([field, name]) =>
      gone.has(`${one.project_id} ${digests.get(one.project_id)?.get(nameOf(field, name))}`),
    ),
  );
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
