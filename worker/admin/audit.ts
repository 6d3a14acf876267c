/** The audit log: who did which administrative act to what. Written with the act, or the act does not happen. */
import { type SQL, sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { atLeast, reaches } from "../http/access.ts";
import { page, pageParameters } from "../http/page.ts";
import { parameters } from "../http/parameters.ts";
import type { App, Principal } from "../http/principal.ts";
import { type Database, openDatabase, transact } from "../schema.ts";

export type Act = {
  project_id: string | null;
  /** `<noun>.<verb>`, such as `key.revoke`. */
  action: string;
  subject: string;
  /** What was asked for; never a secret. */
  details?: Record<string, unknown>;
};

/** Does it and notes it, in one transaction. */
export async function act(
  db: Database,
  principal: Principal,
  now: number,
  what: Act,
  statements: SQL[],
): Promise<void> {
  const actor = principal.key_id ?? "admin";
  const note = sql`INSERT INTO audit (at, actor, project_id, action, subject, details)
    VALUES (${now}, ${actor}, ${what.project_id}, ${what.action}, ${what.subject}, ${JSON.stringify(what.details ?? {})})`;
  await transact(db, [...statements, note]);
}

export type AuditEntry = {
  id: number;
  at: string;
  actor: string;
  project_id: string | null;
  action: string;
  subject: string;
  details: unknown;
};
/** A key of one project sees nothing of a project that was there before under the same id. */
export const madeAt = (project_id: string): SQL =>
  sql`(SELECT p.created_at FROM projects p WHERE p.project_id = ${project_id})`;

type Row = Omit<AuditEntry, "at" | "details"> & { at: number; details: string };

export const auditQuery = z.strictObject(pageParameters);

export const auditRoutes = new Hono<App>().get("/audit", atLeast("admin"), parameters(auditQuery), async (c) => {
  const { limit, cursor, project_id } = c.req.valid("query");
  const own = c.var.principal.project_id;
  if (project_id !== undefined && !reaches(c.var.principal, project_id)) return c.json({ rows: [], next_cursor: null });
  const only = project_id ?? own;
  const rows = await openDatabase(c.env.DB).all<Row>(sql`SELECT * FROM audit
    WHERE id < ${cursor ?? Number.MAX_SAFE_INTEGER} ${only === null ? sql`` : sql`AND project_id = ${only}`}
      ${own === null ? sql`` : sql`AND at >= ${madeAt(own)}`}
    ORDER BY id DESC LIMIT ${limit + 1}`);
  return c.json(
    page(
      rows.map((row): AuditEntry => ({ ...row, at: new Date(row.at).toISOString(), details: JSON.parse(row.details) })),
      limit,
      (row) => row.id,
    ),
  );
});
