/** The audit log: who did which administrative act to what. An entry is written in the transaction of the act. */
import { type SQL, sql } from "drizzle-orm";
import type { Principal } from "../http/principal.ts";
import { type Database, transact } from "../store/database.ts";

export type Act = {
  project_id: string | null;
  /** `<noun>.<verb>`, such as `key.revoke`. */
  action: string;
  subject: string;
  /** The requested settings or values; never a secret. */
  details?: Record<string, unknown>;
};

/** Does an act and writes its entry, in one transaction. */
export async function act(
  db: Database,
  principal: Principal,
  now: number,
  what: Act,
  statements: SQL[],
): Promise<void> {
  const actor = principal.key_id ?? "admin";
  const insertEntry = sql`INSERT INTO audit (at, actor, project_id, action, subject, details)
    VALUES (${now}, ${actor}, ${what.project_id}, ${what.action}, ${what.subject}, ${JSON.stringify(what.details ?? {})})`;
  await transact(db, [...statements, insertEntry]);
}

/** A key of one project does not see entries of an earlier project with the same id. */
export const madeAt = (project_id: string): SQL =>
  sql`(SELECT p.created_at FROM projects p WHERE p.project_id = ${project_id})`;
