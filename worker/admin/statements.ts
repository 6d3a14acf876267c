/** Closing the statement of a month: what it says stays, and what changes later is a correction on the next one. */
import { Hono } from "hono";
import * as z from "zod";
import { localTime } from "../calendar.ts";
import { projectId } from "../event.ts";
import { atLeast, projectFor } from "../http/access.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { bringPayouts } from "../payouts/keeping.ts";
import { closedMonths, closing, NotClosable } from "../payouts/statement.ts";
import { openDatabase } from "../schema.ts";
import { act } from "./audit.ts";

export const closingQuery = z.strictObject({ project_id: projectId.optional() });
export type ClosedView = { project_id: string; month: string; closed_at: string; closed_by: string };

const AGAIN = "Something of it is still being computed, or has just changed. Please try again in a minute.";

export const statementRoutes = new Hono<App>().post(
  "/statements/:month/close",
  atLeast("admin"),
  parameters(closingQuery),
  async (c) => {
    const month = c.req.param("month");
    const db = openDatabase(c.env.DB);
    const now = Date.now();
    const { project_id, timezone } = await projectFor(c.env, c.var.principal, c.req.valid("query").project_id, now);
    if (!/^\d{4}-(?:0[1-9]|1[0-2])$/.test(month)) throw new Problem(404, `${month} is no month: write YYYY-MM.`);
    const [first] = await closedMonths(db, project_id);
    const months = { project_id, from: first?.month ?? month, to: month, tags: null };
    const actor = c.var.principal.key_id ?? "admin";
    try {
      const about = { project_id, tags: null, today: localTime(timezone, now).date, now };
      if (!(await bringPayouts(c.env, db, months, now))) throw new NotClosable(AGAIN);
      const what = { project_id, action: "statement.close", subject: month };
      await act(db, c.var.principal, now, what, await closing(db, month, about, actor));
    } catch (error) {
      if (error instanceof NotClosable) throw new Problem(409, error.message);
      if (!/constraint failed: closed_statements/.test(String(error))) throw error;
      throw new Problem(409, AGAIN);
    }
    return c.json({ project_id, month, closed_at: new Date(now).toISOString(), closed_by: actor } satisfies ClosedView);
  },
);
