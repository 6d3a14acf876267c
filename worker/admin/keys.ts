/** Keys: created, listed, rotated with an overlap, revoked. A key is shown once, when it is made. */

import { desc, eq, sql } from "drizzle-orm";
import * as z from "zod";
import { projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import { withoutUndefined } from "../http/body.ts";
import { forgetKey, makeKey, sha256 } from "../http/keys.ts";
import { json } from "../http/operation.ts";
import { rows } from "../http/page.ts";
import { type Principal, ROLES } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { instant, maybe, text } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { keys } from "../store/schema.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

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
  hide_amounts: z.boolean("must be true or false").optional(),
});
const { name, banner_tags, expires_at, hide_amounts } = newKey.shape;
export const keyChanges = z.strictObject({ name, banner_tags, expires_at, hide_amounts }).partial();
/** How long, in seconds, the old key is still valid after the new one was made. */
export const rotation = z.strictObject({
  overlap_seconds: z
    .int("must be whole")
    .min(0)
    .max(30 * 86_400)
    .default(86_400),
});

const keyFields = {
  id: text,
  name: text,
  project_id: maybe.describe("Null: every project."),
  role: z.enum(ROLES),
  banner_tags: z.array(z.string()).nullable(),
  created_at: instant,
  expires_at: instant.nullable(),
  revoked_at: instant.nullable(),
  hide_amounts: z.boolean().describe("Whether it sees no amounts of money; of the roles viewer and analyst alone."),
};
const keyView = z.object(keyFields).meta({ id: "Key" });
const shown = { ...keyFields, key: text.describe("Shown this once.") };
const shownKey = z.object(shown).meta({ id: "ShownKey" });
const rotatedKey = z.object({ ...shown, replaces: keyView }).meta({ id: "RotatedKey" });
export type KeyView = z.output<typeof keyView>;

const view = ({ hash: _, ...key }: Key): KeyView => ({
  ...key,
  created_at: iso(key.created_at),
  expires_at: iso(key.expires_at),
  revoked_at: iso(key.revoked_at),
});

/** Keys that administer see everything, and keys that only send see nothing, so neither is limited. */
function onlyForReaders(role: Key["role"], hide_amounts: boolean | undefined): void {
  if (hide_amounts && role !== "viewer" && role !== "analyst")
    throw Problem.of(
      "hide_amounts",
      `hide_amounts is for keys of the role viewer or analyst, and this one's is ${role}`,
    );
}

async function ownKey(db: Database, principal: Principal, id: string): Promise<Key> {
  const [key] = await db.select().from(keys).where(eq(keys.id, id));
  if (!key || !reaches(principal, key.project_id)) throw new Problem(404, `There is no key ${id}.`);
  return key;
}

const administered = { tag: "Administration", role: "admin" } as const;

export const keyRoutes = [
  route(
    {
      id: "listKeys",
      method: "get",
      path: "/keys",
      on: "main",
      ...administered,
      summary: "List keys",
      description: "Also those that are over or revoked.",
      answers: { 200: { description: "The newest first; never the keys themselves.", content: json(rows(keyView)) } },
    },
    async ({ db, principal }) => {
      const all = await db.select().from(keys).orderBy(desc(keys.created_at));
      return { rows: all.filter((key) => reaches(principal, key.project_id)).map(view) };
    },
  ),
  route(
    {
      id: "createKey",
      method: "post",
      path: "/keys",
      on: "main",
      ...administered,
      summary: "Create a key",
      description:
        "`project_id: null` is every project; left out, it is the caller's own, or `default`. The key is stored as a hash alone: what is not copied from this answer is lost.",
      body: { schema: newKey, examples: { Reader: { name: "Reports", role: "viewer", project_id: "default" } } },
      answers: { 201: { description: "The key; it is shown this once.", content: json(shownKey) } },
      audit: "key.create",
    },
    async ({ db, principal, readBody, projectFor, act, now }) => {
      const given = await readBody();
      onlyForReaders(given.role, given.hide_amounts);
      const project_id = given.project_id === undefined ? (principal.project_id ?? "default") : given.project_id;
      if (project_id === null) {
        if (principal.project_id !== null) throw new Problem(403, "This key belongs to one project.");
      } else await projectFor(project_id);
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
        hide_amounts: given.hide_amounts ?? false,
      };
      const { name, role, banner_tags, hide_amounts } = row;
      await act({ project_id, subject: id, details: { name, role, banner_tags, hide_amounts } }, [
        db.insert(keys).values(row).getSQL(),
      ]);
      return { ...view(row), key };
    },
  ),
  route(
    {
      id: "changeKey",
      method: "patch",
      path: "/keys/:id",
      on: "main",
      ...administered,
      summary: "Change a key",
      description: "Its name, its tags, its end, or whether it sees amounts. Its role and its project stay.",
      body: { schema: keyChanges, examples: { Name: { name: "Reports of the brand" } } },
      answers: { 200: { description: "The key as it is now.", content: json(keyView) } },
      problems: [404],
      audit: "key.change",
    },
    async ({ db, principal, params, readBody, act }) => {
      const key = await ownKey(db, principal, params.id);
      // Only the given fields are written, so that other changes at the same time are kept.
      const changes = withoutUndefined(await readBody());
      onlyForReaders(key.role, changes.hide_amounts);
      if (Object.keys(changes).length > 0) {
        await act({ project_id: key.project_id, subject: key.id, details: changes }, [
          db.update(keys).set(changes).where(eq(keys.id, key.id)).getSQL(),
        ]);
      }
      forgetKey(key.id);
      return view(await ownKey(db, principal, key.id));
    },
  ),
  route(
    {
      id: "rotateKey",
      method: "post",
      path: "/keys/:id/rotate",
      on: "main",
      ...administered,
      summary: "Replace a key",
      description: "The old key stays valid for a while, in addition to the new one.",
      body: { schema: rotation, examples: { "An hour": { overlap_seconds: 3600 } } },
      answers: { 201: { description: "The new key; it is shown this once.", content: json(rotatedKey) } },
      problems: [404, 409],
      audit: "key.rotate",
    },
    async ({ db, principal, params, readBody, act, now }) => {
      const old = await ownKey(db, principal, params.id);
      if (old.revoked_at !== null) throw new Problem(409, "A revoked key cannot be rotated.");
      const { overlap_seconds } = await readBody();
      const { id, key } = makeKey();
      const until = now + overlap_seconds * 1_000;
      try {
        await act(
          { project_id: old.project_id, subject: old.id, details: { to: id, overlap_seconds } },
          // The new key copies the old one as it is in this statement, which may have changed since it was read.
          [
            sql`INSERT INTO keys (id, name, project_id, role, banner_tags, hash, created_at, expires_at, hide_amounts)
            SELECT ${id}, CASE WHEN revoked_at IS NULL THEN name END, project_id, role, banner_tags,
              ${await sha256(key)}, ${now}, expires_at, hide_amounts FROM keys WHERE id = ${old.id}`,
            sql`UPDATE keys SET expires_at = min(ifnull(expires_at, ${until}), ${until}) WHERE id = ${old.id}`,
            sql`UPDATE segments SET owner = ${id} WHERE owner = ${old.id}`,
            sql`UPDATE annotations SET owner = ${id} WHERE owner = ${old.id}`,
          ],
        );
      } catch (error) {
        if (!isGuarded(error, "keys.name")) throw error;
        throw new Problem(409, "A revoked key cannot be rotated.");
      }
      forgetKey(old.id);
      const [replaced, made] = await Promise.all([old.id, id].map((one) => ownKey(db, principal, one)));
      return { ...view(made as Key), key, replaces: view(replaced as Key) };
    },
  ),
  route(
    {
      id: "revokeKey",
      method: "delete",
      path: "/keys/:id",
      on: "main",
      ...administered,
      summary: "Revoke a key",
      description: "It stops everywhere within 20 seconds.",
      answers: { 204: { description: "Done." } },
      problems: [404],
      audit: "key.revoke",
    },
    async ({ db, principal, params, act, now }) => {
      const key = await ownKey(db, principal, params.id);
      if (key.revoked_at === null) {
        await act({ project_id: key.project_id, subject: key.id }, [
          db.update(keys).set({ revoked_at: now }).where(eq(keys.id, key.id)).getSQL(),
        ]);
        forgetKey(key.id);
      }
    },
  ),
] as const;
