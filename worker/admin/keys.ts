/** Keys: created, listed, rotated with an overlap, revoked. A key is shown once, when it is made. */
import { desc, eq, sql } from "drizzle-orm";
import { Hono } from "hono";
import * as z from "zod";
import { projectId } from "../event.ts";
import { atLeast, projectFor, reaches } from "../http/access.ts";
import { readBody, withoutUndefined } from "../http/body.ts";
import { forgetKey, makeKey, sha256 } from "../http/keys.ts";
import { type App, type Principal, ROLES } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { type Database, keys, openDatabase } from "../schema.ts";
import { act } from "./audit.ts";

type Key = typeof keys.$inferSelect;

export const moment = z.iso
  .datetime({ offset: true, error: "must be a time, ISO 8601 with its zone" })
  .transform((text) => Date.parse(text));

export const newKey = z.strictObject({
  name: z.string().min(1, "must not be empty").max(200),
  /** Null: every project. */
  project_id: projectId.nullable().optional(),
  role: z.enum(ROLES, `must be one of ${ROLES.join(", ")}`),
  banner_tags: z.array(z.string().min(1).max(128)).min(1, "must name one tag at least").max(100).nullable().optional(),
  expires_at: moment.nullable().optional(),
});
export const keyChanges = z
  .strictObject({ name: newKey.shape.name, banner_tags: newKey.shape.banner_tags, expires_at: newKey.shape.expires_at })
  .partial();
/** How long, in seconds, the old key goes on beside the new one. */
export const rotation = z.strictObject({
  overlap_seconds: z
    .int("must be whole")
    .min(0)
    .max(30 * 86_400)
    .default(86_400),
});

export type KeyView = {
  id: string;
  name: string;
  project_id: string | null;
  role: Key["role"];
  banner_tags: string[] | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
};
const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());
const view = ({ hash: _, ...key }: Key): KeyView => ({
  ...key,
  created_at: iso(key.created_at) as string,
  expires_at: iso(key.expires_at),
  revoked_at: iso(key.revoked_at),
});

async function ownKey(db: Database, principal: Principal, id: string): Promise<Key> {
  const [key] = await db.select().from(keys).where(eq(keys.id, id));
  if (!key || !reaches(principal, key.project_id)) throw new Problem(404, `There is no key ${id}.`);
  return key;
}

export const keyRoutes = new Hono<App>()
  .use("/keys/*", atLeast("admin"))
  .use("/keys", atLeast("admin"))
  .get("/keys", async (c) => {
    const all = await openDatabase(c.env.DB).select().from(keys).orderBy(desc(keys.created_at));
    return c.json({ rows: all.filter((key) => reaches(c.var.principal, key.project_id)).map(view) });
  })
  .post("/keys", async (c) => {
    const given = await readBody(c, newKey);
    const now = Date.now();
    const project_id = given.project_id === undefined ? (c.var.principal.project_id ?? "default") : given.project_id;
    if (project_id === null) {
      if (c.var.principal.project_id !== null) throw new Problem(403, "This key belongs to one project.");
    } else await projectFor(c.env, c.var.principal, project_id, now);
    const { id, key } = makeKey();
    const row: Key = {
      id,
      name: given.name,
      project_id,
      role: given.role,
      banner_tags: given.banner_tags ?? null,
      hash: await sha256(key),
      created_at: now,
      expires_at: given.expires_at ?? null,
      revoked_at: null,
    };
    const db = openDatabase(c.env.DB);
    const { name, role, banner_tags } = row;
    await act(
      db,
      c.var.principal,
      now,
      { project_id, action: "key.create", subject: id, details: { name, role, banner_tags } },
      [db.insert(keys).values(row).getSQL()],
    );
    return c.json({ ...view(row), key }, 201);
  })
  .patch("/keys/:id", async (c) => {
    const db = openDatabase(c.env.DB);
    const key = await ownKey(db, c.var.principal, c.req.param("id"));
    // Only what is named is written: what others change meanwhile stays.
    const changes = withoutUndefined(await readBody(c, keyChanges));
    if (Object.keys(changes).length > 0) {
      await act(
        db,
        c.var.principal,
        Date.now(),
        { project_id: key.project_id, action: "key.change", subject: key.id, details: changes },
        [db.update(keys).set(changes).where(eq(keys.id, key.id)).getSQL()],
      );
    }
    forgetKey(key.id);
    return c.json(view(await ownKey(db, c.var.principal, key.id)));
  })
  .post("/keys/:id/rotate", async (c) => {
    const db = openDatabase(c.env.DB);
    const old = await ownKey(db, c.var.principal, c.req.param("id"));
    if (old.revoked_at !== null) throw new Problem(409, "A revoked key cannot be rotated.");
    const { overlap_seconds } = await readBody(c, rotation);
    const now = Date.now();
    const { id, key } = makeKey();
    const until = now + overlap_seconds * 1_000;
    try {
      await act(
        db,
        c.var.principal,
        now,
        { project_id: old.project_id, action: "key.rotate", subject: old.id, details: { to: id, overlap_seconds } },
        // The new key is as the old one is at this moment, whatever it was when it was read.
        [
          sql`INSERT INTO keys (id, name, project_id, role, banner_tags, hash, created_at, expires_at)
            SELECT ${id}, CASE WHEN revoked_at IS NULL THEN name END, project_id, role, banner_tags,
              ${await sha256(key)}, ${now}, expires_at FROM keys WHERE id = ${old.id}`,
          sql`UPDATE keys SET expires_at = min(ifnull(expires_at, ${until}), ${until}) WHERE id = ${old.id}`,
          sql`UPDATE segments SET owner = ${id} WHERE owner = ${old.id}`,
        ],
      );
    } catch (error) {
      if (!/NOT NULL constraint failed: keys\.name/.test(String(error))) throw error;
      throw new Problem(409, "A revoked key cannot be rotated.");
    }
    forgetKey(old.id);
    const [replaced, made] = await Promise.all([old.id, id].map((one) => ownKey(db, c.var.principal, one)));
    return c.json({ ...view(made as Key), key, replaces: view(replaced as Key) }, 201);
  })
  .delete("/keys/:id", async (c) => {
    const db = openDatabase(c.env.DB);
    const key = await ownKey(db, c.var.principal, c.req.param("id"));
    const now = Date.now();
    if (key.revoked_at === null) {
      await act(db, c.var.principal, now, { project_id: key.project_id, action: "key.revoke", subject: key.id }, [
        db.update(keys).set({ revoked_at: now }).where(eq(keys.id, key.id)).getSQL(),
      ]);
      forgetKey(key.id);
    }
    return c.body(null, 204);
  });
