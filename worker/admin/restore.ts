/** Bringing a lost log back from the archive: a step a request. */
import type { SQL } from "drizzle-orm";
import { Hono } from "hono";
import { lostStep, NotRestorable, restoreStep } from "../event-log/restore.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { openDatabase } from "../schema.ts";
import { allowed } from "./archive.ts";
import { act } from "./audit.ts";

export const restoreRoutes = new Hono<App>().post("/archive/restore", ...allowed, async (c) => {
  const db = openDatabase(c.env.DB);
  try {
    const what = { project_id: null, action: "archive.restore", subject: "archive" };
    const now = Date.now();
    const noted = (statements: SQL[]) => act(db, c.var.principal, now, what, statements);
    const restored = await restoreStep(c.env, db, now, noted);
    if (restored.phase === "done") await wakeProjectors(c.env);
    return c.json(restored);
  } catch (error) {
    if (error instanceof NotRestorable) throw new Problem(409, error.message);
    if (lostStep(error)) throw new Problem(409, "Another step of the restore was quicker.");
    throw error;
  }
});
