/** Notes on days of a project, which a team wants to see next to its figures. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import { withoutUndefined } from "../http/body.ts";
import { json } from "../http/operation.ts";
import { rows } from "../http/page.ts";
import { may, type Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { instant, text } from "../reports/answer.ts";
import { date } from "../reports/period.ts";
import type { Database } from "../store/database.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

/** For each project. */
const MOST = 1_000;
const MOST_CHARACTERS = 200;

const annotationText = z
  .string()
  .trim()
  .min(1, "must not be empty")
  .max(MOST_CHARACTERS, `is too long: ${MOST_CHARACTERS} characters at most`);
export const newAnnotation = z.strictObject({
  project_id: projectId.optional(),
  from: date.describe("The first day."),
  to: date.optional().describe("The last day, included; the first one where absent."),
  text: annotationText,
});
export const annotationChanges = z.strictObject({ from: date, to: date, text: annotationText }).partial();
export const annotationsQuery = z.strictObject({
  project_id: projectId.optional(),
  from: date.optional().describe("Only notes on this day or later ones."),
  to: date.optional().describe("Only notes on this day or earlier ones."),
});

const annotationView = z
  .object({
    annotation_id: text,
    project_id: text,
    from: z.iso.date(),
    to: z.iso.date(),
    text: text.describe("As it was written: it may tell what reports hide."),
    author: text.describe("The name of the key that wrote it; `admin` is the ADMIN_TOKEN."),
    own: z.boolean().describe("Whether the asker may change and remove it."),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: "Annotation" });
export type AnnotationView = z.output<typeof annotationView>;

type Row = {
  annotation_id: string;
  project_id: string;
  from_date: string;
  to_date: string;
  text: string;
  owner: string | null;
  author: string;
  created_at: number;
  updated_at: number;
};

const mayChange = (principal: Principal, { owner }: Pick<Row, "owner">): boolean =>
  may(principal, "admin") || (may(principal, "analyst") && owner !== null && owner === principal.key_id);

const view = (row: Row, principal: Principal): AnnotationView => {
  const { from_date: from, to_date: to, owner: _, created_at, updated_at, ...more } = row;
  return {
    ...more,
    from,
    to,
    own: mayChange(principal, row),
    created_at: iso(created_at),
    updated_at: iso(updated_at),
  };
};

/** Annotations are about the whole project. */
function onlyForAllTags({ banner_tags }: Principal): void {
  if (banner_tags !== null)
    throw new Problem(403, "This key is limited to its banner tags, and notes are about the whole project.");
}

function inOrder({ from, to }: { from: string; to: string }): void {
  if (from > to) throw Problem.of("to", "to must not be before from");
}

const find = (db: Database, annotation_id: string) =>
  db.get<Row | undefined>(sql`SELECT * FROM annotations WHERE annotation_id = ${annotation_id}`);

async function changeable(db: Database, principal: Principal, annotation_id: string): Promise<Row> {
  const row = await find(db, annotation_id);
  if (!row || !reaches(principal, row.project_id)) throw new Problem(404, `There is no note ${annotation_id}.`);
  if (!mayChange(principal, row))
    throw new Problem(403, "A note can be changed by its author, or with the role admin.");
  return row;
}

const nameOf = async (db: Database, { key_id }: Principal): Promise<string> =>
  key_id === null
    ? "admin"
    : ((await db.get<{ name: string } | undefined>(sql`SELECT name FROM keys WHERE id = ${key_id}`))?.name ?? key_id);

const administered = { tag: "Reports", role: "analyst" } as const;

export const annotationRoutes = [
  route(
    {
      id: "listAnnotations",
      method: "get",
      path: "/annotations",
      ...administered,
      role: "viewer",
      unshared: true,
      summary: "Notes on days",
      description: "The team's notes on days of the project, which the charts of the dashboard mark.",
      query: annotationsQuery,
      answers: { 200: { description: "By their first day.", content: json(rows(annotationView)) } },
    },
    async ({ db, principal, query, projectFor }) => {
      onlyForAllTags(principal);
      const { project_id } = await projectFor(query.project_id);
      const { from, to } = query;
      const found = await db.all<Row>(sql`SELECT * FROM annotations WHERE project_id = ${project_id}
        ${from === undefined ? sql`` : sql`AND to_date >= ${from}`} ${to === undefined ? sql`` : sql`AND from_date <= ${to}`}
        ORDER BY from_date, annotation_id`);
      return { rows: found.map((row) => view(row, principal)) };
    },
  ),
  route(
    {
      id: "createAnnotation",
      method: "post",
      path: "/annotations",
      ...administered,
      summary: "Note something on a day",
      description: "Or on several, by `to`. All who read the project see it, but share links and keys of some tags.",
      body: {
        schema: newAnnotation,
        examples: { Campaign: { from: "2026-11-27", to: "2026-11-30", text: "Black Friday: bonus of 100 %" } },
      },
      answers: { 201: { description: "The note.", content: json(annotationView) } },
      problems: [409],
      audit: "annotation.create",
    },
    async ({ db, principal, readBody, projectFor, act, now }) => {
      onlyForAllTags(principal);
      const given = await readBody();
      const { project_id } = await projectFor(given.project_id);
      const { from, to = from, text } = given;
      inOrder({ from, to });
      const kept = await db.get<{ total: number }>(
        sql`SELECT count(*) AS total FROM annotations WHERE project_id = ${project_id}`,
      );
      if ((kept?.total ?? 0) >= MOST) throw new Problem(409, `There are ${MOST} notes: remove some first.`);
      const row: Row = {
        annotation_id: crypto.randomUUID(),
        project_id,
        from_date: from,
        to_date: to,
        text,
        owner: principal.key_id,
        author: await nameOf(db, principal),
        created_at: now,
        updated_at: now,
      };
      await act({ project_id, subject: row.annotation_id, details: { from, to, text } }, [
        sql`INSERT INTO annotations (annotation_id, project_id, from_date, to_date, text, owner, author, created_at, updated_at)
          VALUES (${row.annotation_id}, ${project_id}, ${from}, ${to}, ${text}, ${row.owner}, ${row.author}, ${now}, ${now})`,
      ]);
      return view(row, principal);
    },
  ),
  route(
    {
      id: "changeAnnotation",
      method: "patch",
      path: "/annotations/:annotation_id",
      on: { row: "annotations", id: "annotation_id" },
      ...administered,
      summary: "Change a note",
      description: "One's own; others' with the role admin.",
      body: { schema: annotationChanges, examples: { Text: { text: "Black Friday: bonus of 50 %" } } },
      answers: { 200: { description: "The note as it is now.", content: json(annotationView) } },
      problems: [404],
      audit: "annotation.change",
    },
    async ({ db, principal, params, readBody, act, now }) => {
      const before = await changeable(db, principal, params.annotation_id);
      const given = withoutUndefined(await readBody());
      const { from = before.from_date, to = before.to_date, text = before.text } = given;
      inOrder({ from, to });
      const { annotation_id, project_id } = before;
      await act({ project_id, subject: annotation_id, details: given }, [
        sql`UPDATE annotations SET from_date = ${from}, to_date = ${to}, text = ${text}, updated_at = ${now}
          WHERE annotation_id = ${annotation_id}`,
      ]);
      return view({ ...before, from_date: from, to_date: to, text, updated_at: now }, principal);
    },
  ),
  route(
    {
      id: "removeAnnotation",
      method: "delete",
      path: "/annotations/:annotation_id",
      on: { row: "annotations", id: "annotation_id" },
      ...administered,
      summary: "Remove a note",
      description: "One's own; others' with the role admin.",
      answers: { 204: { description: "Done." } },
      problems: [404],
      audit: "annotation.remove",
    },
    async ({ db, principal, params, act }) => {
      const { annotation_id, project_id, text } = await changeable(db, principal, params.annotation_id);
      await act({ project_id, subject: annotation_id, details: { text } }, [
        sql`DELETE FROM annotations WHERE annotation_id = ${annotation_id}`,
      ]);
    },
  ),
] as const;
