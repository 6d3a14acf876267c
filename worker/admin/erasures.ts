/** Erasing a player, and the receipts of it. */
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { begin, isOnePerson, work } from "../erasure/erase.ts";
import { MOST_VISITORS } from "../erasure/names.ts";
import { publicKey, type ReceiptRow, view } from "../erasure/receipt.ts";
import { projectId } from "../event.ts";
import { atLeast, projectFor, reaches } from "../http/access.ts";
import { page, pageParameters } from "../http/page.ts";
import { parameters } from "../http/parameters.ts";
import type { App, Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { type Database, openDatabase } from "../schema.ts";
import { act, madeAt } from "./audit.ts";

export const erasureQuery = z.strictObject({
  project_id: projectId.optional(),
  suppress: z.enum(["0", "1"], "must be 1 or 0").optional(),
});
export const erasuresQuery = z.strictObject(pageParameters);

const find = (db: Database, id: string) => db.get<ReceiptRow>(sql`SELECT * FROM erasures WHERE id = ${id}`);
const findOwn = (db: Database, id: string, { project_id: own }: Principal) =>
  db.get<ReceiptRow>(sql`SELECT * FROM erasures WHERE id = ${id}
    ${own === null ? sql`` : sql`AND project_id = ${own} AND requested_at >= ${madeAt(own)}`}`);

export const erasureRoutes = new Hono<App>()
  .delete("/players/:player_id", atLeast("admin"), parameters(erasureQuery), async (c) => {
    const query = c.req.valid("query");
    const now = Date.now();
    const { principal } = c.var;
    const { project_id } = await projectFor(c.env, principal, query.project_id, now);
    const asked = { project_id, player_id: c.req.param("player_id"), suppress: query.suppress === "1" };
    const db = openDatabase(c.env.DB);
    if (!(await isOnePerson(db, asked))) {
      throw new Problem(409, `This id was more than ${MOST_VISITORS} browsers: it is shared, and no one person's.`);
    }
    const id = await begin(db, asked, now, (subject, statements) =>
      act(
        db,
        principal,
        now,
        { project_id, action: "player.erase", subject, details: { suppress: asked.suppress } },
        statements,
      ),
    );
    await work(c.env, db, id);
    const row = (await find(db, id)) as ReceiptRow;
    return c.json(view(row), row.finished_at === null ? 202 : 200);
  })
  .get("/erasures", atLeast("admin"), parameters(erasuresQuery), async (c) => {
    const { limit, cursor, project_id } = c.req.valid("query");
    if (project_id !== undefined && !reaches(c.var.principal, project_id))
      return c.json({ rows: [], next_cursor: null });
    const own = c.var.principal.project_id;
    const only = project_id ?? own;
    const rows = await openDatabase(c.env.DB).all<ReceiptRow>(sql`SELECT * FROM erasures
      WHERE n < ${cursor ?? Number.MAX_SAFE_INTEGER} ${only === null ? sql`` : sql`AND project_id = ${only}`}
        ${own === null ? sql`` : sql`AND requested_at >= ${madeAt(own)}`}
      ORDER BY n DESC LIMIT ${limit + 1}`);
    const { rows: shown, next_cursor } = page(rows, limit, (row) => row.n);
    return c.json({ rows: shown.map(view), next_cursor });
  })
  .get("/erasures/key", async (c) => c.json(await publicKey(openDatabase(c.env.DB))))
  .get("/erasures/:id", atLeast("admin"), async (c) => {
    const row = await findOwn(openDatabase(c.env.DB), c.req.param("id"), c.var.principal);
    if (!row) throw new Problem(404, `There is no erasure ${c.req.param("id")}.`);
    return c.json(view(row));
  });
