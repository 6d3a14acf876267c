/** The audit log, as it is read. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { reaches } from "../http/access.ts";
import { json } from "../http/operation.ts";
import { page, paged, pageParameters } from "../http/page.ts";
import { instant, maybe, text } from "../reports/answer.ts";
import { iso } from "../time.ts";
import { madeAt } from "./audit.ts";
import { route } from "./route.ts";

const auditEntry = z
  .object({
    id: z.int(),
    at: instant,
    actor: text,
    project_id: maybe,
    action: text,
    subject: text,
    details: z.unknown().describe("What was asked for; never a secret."),
  })
  .meta({ id: "AuditEntry" });
export type AuditEntry = z.output<typeof auditEntry>;

type Row = Omit<AuditEntry, "at" | "details"> & { at: number; details: string };

export const auditRoutes = [
  route(
    {
      id: "listAudit",
      method: "get",
      path: "/audit",
      on: "each",
      tag: "Administration",
      role: "admin",
      summary: "Who did what",
      description: "Every administrative act, written together with what it did. Never a secret.",
      query: z.strictObject(pageParameters),
      answers: { 200: { description: "The newest first.", content: json(paged(auditEntry)) } },
    },
    async ({ db, principal, query: { limit, cursor, project_id } }) => {
      const ownProject = principal.project_id;
      if (project_id !== undefined && !reaches(principal, project_id)) return { rows: [], next_cursor: null };
      const only = project_id ?? ownProject;
      const rows = await db.all<Row>(sql`SELECT * FROM audit
        WHERE id < ${cursor ?? Number.MAX_SAFE_INTEGER} ${only === null ? sql`` : sql`AND project_id = ${only}`}
          ${ownProject === null ? sql`` : sql`AND at >= ${madeAt(ownProject)}`}
        ORDER BY id DESC LIMIT ${limit + 1}`);
      return page(
        rows.map((row): AuditEntry => ({ ...row, at: iso(row.at), details: JSON.parse(row.details) })),
        limit,
        (row) => row.id,
      );
    },
  ),
] as const;
