/**
 * Codes that sign in once, within minutes. The holder of a key can give a browser a session without giving it the key, for
 * instance by a link with the code behind its #. Only a digest of a code is stored, made with ADMIN_TOKEN, so that a new
 * token ends all codes.
 */

import { type SQL, sql } from "drizzle-orm";
import { type Database, mainDatabaseOf } from "../store/database.ts";
import { iso } from "../time.ts";
import { ADMIN, principalOfKeyId, sha256 } from "./keys.ts";
import type { Principal } from "./principal.ts";
import { Problem } from "./problem.ts";

const MINUTES = 10;
/** How long an expired code is still stored, in milliseconds, so that a late user sees why it does not work. */
const REMEMBERED_MS = 86_400_000;

export type SignInCode = {
  /** To be sent as `code` to `POST /session`. */
  code: string;
  expires_at: string;
};

const digestOf = (env: Env, code: string) => sha256(`sign-in code ${code} ${env.ADMIN_TOKEN}`);

/** A new code for the holder of a key, and the statements that store it. */
export async function newCode(
  env: Env,
  { key_id }: Principal,
  now: number,
): Promise<{ made: SignInCode; statements: SQL[] }> {
  const code = `epc_${crypto.getRandomValues(new Uint8Array(24)).toHex()}`;
  const expires_at = now + MINUTES * 60_000;
  const statements = [
    sql`DELETE FROM sign_in_codes WHERE expires_at < ${now - REMEMBERED_MS}`,
    sql`INSERT INTO sign_in_codes (hash, key_id, expires_at)
      VALUES (${await digestOf(env, code)}, ${key_id}, ${expires_at})`,
  ];
  return { made: { code, expires_at: iso(expires_at) }, statements };
}

/** The statement that ends every unused code of a credential. */
export const endCodesOf = (key_id: string | null): SQL => sql`DELETE FROM sign_in_codes WHERE key_id IS ${key_id}`;

const REFUSALS = {
  unknown_code: "This sign-in link is not known here.",
  code_used: "This sign-in link was used already: it works once.",
  code_expired: `This sign-in link has expired: it works for ${MINUTES} minutes.`,
} as const;

function refused(code: keyof typeof REFUSALS): Problem {
  const message = `${REFUSALS[code]} Make another one, or sign in with a key.`;
  return new Problem(401, message, { errors: [{ field: "code", code, message }] });
}

async function whyNot(db: Database, hash: string): Promise<keyof typeof REFUSALS> {
  const known = await db.get<{ used_at: number | null } | undefined>(
    sql`SELECT used_at FROM sign_in_codes WHERE hash = ${hash}`,
  );
  if (!known) return "unknown_code";
  return known.used_at === null ? "code_expired" : "code_used";
}

/** The principal who made the code, which is used up by this. Throws where the code is not valid. */
export async function principalOfCode(env: Env, code: string, now: number): Promise<Principal | null> {
  const db = mainDatabaseOf(env);
  const hash = await digestOf(env, code);
  // If two use it at once, only one finds it unused.
  const used = await db.get<{ key_id: string | null } | undefined>(sql`UPDATE sign_in_codes SET used_at = ${now}
    WHERE hash = ${hash} AND used_at IS NULL AND expires_at > ${now} RETURNING key_id`);
  if (!used) throw refused(await whyNot(db, hash));
  return used.key_id === null ? ADMIN : principalOfKeyId(env, used.key_id, now);
}
