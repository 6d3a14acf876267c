/** Closing the statement of a month: what it says stays, and what changes later is a correction on the next one. */

import * as z from "zod";
import { localTime } from "../calendar.ts";
import { projectId } from "../event.ts";
import { json } from "../http/operation.ts";
import { Problem } from "../http/problem.ts";
import { bringPayouts } from "../payouts/keeping.ts";
import { closedMonths, closing, NotClosable } from "../payouts/statement.ts";
import { instant, text } from "../reports/answer.ts";
import { isGuarded, isTaken } from "../store/guard.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

export const closingQuery = z.strictObject({ project_id: projectId.optional() });
const closed = z
  .object({ project_id: text, month: text, closed_at: instant, closed_by: text })
  .meta({ id: "ClosedStatement" });
export type ClosedView = z.output<typeof closed>;

const AGAIN = "Something of it is still being computed, or has just changed. Please try again in a minute.";

export const statementRoutes = [
  route(
    {
      id: "closeStatement",
      method: "post",
      path: "/statements/:month/close",
      tag: "Payouts",
      role: "admin",
      summary: "Close the statement of a month",
      description:
        "It says the same for ever. What changes in the month later is a correction on the next statement that is open. Months are " +
        "closed one behind the other, once they are over.",
      query: closingQuery,
      answers: { 200: { description: "Who closed it, and when.", content: json(closed) } },
      problems: [404, 409],
      audit: "statement.close",
    },
    async ({ env, db, principal, params, query, projectFor, act, now }) => {
      const month = params.month;
      const { project_id, timezone } = await projectFor(query.project_id);
      if (!/^\d{4}-(?:0[1-9]|1[0-2])$/.test(month)) throw new Problem(404, `${month} is no month: write YYYY-MM.`);
      const [first] = await closedMonths(db, project_id);
      const months = { project_id, from: first?.month ?? month, to: month, tags: null };
      const actor = principal.key_id ?? "admin";
      try {
        const about = { project_id, tags: null, today: localTime(timezone, now).date, now };
        if (!(await bringPayouts(env, db, months, now))) throw new NotClosable(AGAIN);
        const what = { project_id, subject: month };
        await act(what, await closing(db, month, about, actor));
      } catch (error) {
        if (error instanceof NotClosable) throw new Problem(409, error.message);
        if (!(isTaken(error, "closed_statements") || isGuarded(error, "closed_statements"))) throw error;
        throw new Problem(409, AGAIN);
      }
      return { project_id, month, closed_at: iso(now), closed_by: actor };
    },
  ),
] as const;
