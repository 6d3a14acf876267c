/** Erasures of players, and their receipts. */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { begin, isOnePerson, work } from "../erasure/erase.ts";
import { type Found, STORES } from "../erasure/job.ts";
import { MOST_VISITORS } from "../erasure/names.ts";
import { publicKey, type ReceiptRow, view } from "../erasure/receipt.ts";
import { projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import { json } from "../http/operation.ts";
import { page, paged, pageParameters } from "../http/page.ts";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";
import { madeAt } from "./audit.ts";
import { route } from "./route.ts";

export const erasureQuery = z.strictObject({
  project_id: projectId.optional(),
  suppress: z.enum(["0", "1"], "must be 1 or 0").optional(),
});
export const erasuresQuery = z.strictObject(pageParameters);

const find = (db: Database, id: string) => db.get<ReceiptRow>(sql`SELECT * FROM erasures WHERE id = ${id}`);
const findOwn = (db: Database, id: string, { project_id: ownProject }: Principal) =>
  db.get<ReceiptRow>(sql`SELECT * FROM erasures WHERE id = ${id}
    ${ownProject === null ? sql`` : sql`AND project_id = ${ownProject} AND requested_at >= ${madeAt(ownProject)}`}`);

const found = Object.fromEntries(STORES.map((store) => [store, whole])) as { [Store in keyof Found]: typeof whole };
const receipt = z
  .object({
    id: text,
    project_id: text,
    subject: text.describe("Keyed digest of the player."),
    status: z.enum(["running", "finished"]),
    suppress: z.boolean().describe("Whether what comes for the player from now on is refused."),
    found: z.object(found).describe("What named the player, by store; `mentions` are other people's events."),
    requested_at: instant,
    finished_at: instant.nullable(),
    signature: maybe.describe("Ed25519, base64, of the receipt's canonical JSON without `signature` and `error`."),
    error: maybe.describe("What keeps it from going on; it is tried again each minute."),
  })
  .meta({ id: "ErasureReceipt" });
const receiptKey = z
  .object({ jwk: z.object({ kty: text, crv: text, x: text }), pem: text.describe("The same, for openssl.") })
  .meta({ id: "ReceiptKey" });
const examples = { player_id: "player-77" };

export const erasureRoutes = [
  route(
    {
      id: "erasePlayer",
      method: "delete",
      path: "/players/:player_id",
      tag: "Administration",
      role: "admin",
      summary: "Erase a player everywhere",
      description:
        "Goes on by itself, in two passes a minute apart; asking again returns the receipt as it is now. Counts and sums stay as they are.",
      examples,
      query: erasureQuery,
      answers: {
        200: { description: "It has finished.", content: json(receipt) },
        202: { description: "It is under way.", content: json(receipt) },
      },
      problems: [409],
      audit: "player.erase",
    },
    async ({ c, env, db, params, query, projectFor, act, now }) => {
      const { project_id } = await projectFor(query.project_id);
      const asked = { project_id, player_id: params.player_id, suppress: query.suppress === "1" };
      if (!(await isOnePerson(db, asked))) {
        throw new Problem(409, `This id was more than ${MOST_VISITORS} browsers: it is shared, and no one person's.`);
      }
      const id = await begin(db, asked, now, (subject, statements) =>
        act({ project_id, subject, details: { suppress: asked.suppress } }, statements),
      );
      await work(env, db, id);
      const row = (await find(db, id)) as ReceiptRow;
      c.status(row.finished_at === null ? 202 : 200);
      return view(row);
    },
  ),
  route(
    {
      id: "listErasures",
      method: "get",
      path: "/erasures",
      on: "each",
      tag: "Administration",
      role: "admin",
      summary: "List the receipts of erasures",
      description: "Of all that were asked for, finished or not.",
      query: erasuresQuery,
      answers: { 200: { description: "The newest first.", content: json(paged(receipt)) } },
    },
    async ({ db, principal, query }) => {
      const { limit, cursor, project_id } = query;
      if (project_id !== undefined && !reaches(principal, project_id)) return { rows: [], next_cursor: null };
      const ownProject = principal.project_id;
      const only = project_id ?? ownProject;
      const rows = await db.all<ReceiptRow>(sql`SELECT * FROM erasures
      WHERE n < ${cursor ?? Number.MAX_SAFE_INTEGER} ${only === null ? sql`` : sql`AND project_id = ${only}`}
        ${ownProject === null ? sql`` : sql`AND requested_at >= ${madeAt(ownProject)}`}
      ORDER BY n DESC LIMIT ${limit + 1}`);
      const { rows: shown, next_cursor } = page(rows, limit, (row) => row.n);
      return { rows: shown.map(view), next_cursor };
    },
  ),
  route(
    {
      id: "getErasureKey",
      method: "get",
      path: "/erasures/key",
      on: "main",
      tag: "Administration",
      role: "viewer",
      summary: "The public key that receipts are signed with",
      description: "An Ed25519 key. Keep it with the receipts: with it they can be verified when the instance is gone.",
      answers: { 200: { description: "The key.", content: json(receiptKey) } },
    },
    async ({ db }) => await publicKey(db),
  ),
  route(
    {
      id: "getErasure",
      method: "get",
      path: "/erasures/:id",
      on: { row: "erasures" },
      tag: "Administration",
      role: "admin",
      summary: "Show a receipt",
      description: "What was found and is gone, store by store; signed once it has finished.",
      answers: { 200: { description: "The receipt as it is now.", content: json(receipt) } },
      problems: [404],
    },
    async ({ db, principal, params }) => {
      const row = await findOwn(db, params.id, principal);
      if (!row) throw new Problem(404, `There is no erasure ${params.id}.`);
      return view(row);
    },
  ),
] as const;
