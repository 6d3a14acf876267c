/** A project's bot rules, applied to the events that it has already. */
import * as z from "zod";
import { beginBotReview, botReviews, findBotReview } from "../collect/bot-review.ts";
import { wake } from "../duties/duty.ts";
import { json } from "../http/operation.ts";
import { Problem } from "../http/problem.ts";
import { anySettled } from "../projections/runner.ts";
import { instant, text, whole } from "../reports/answer.ts";
import type { Database } from "../store/database.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

const reviewView = z
  .object({
    project_id: text,
    requested_at: instant.nullable().describe("Events that came before are judged by the rules of then. Null: never."),
    changed: whole.describe("Events whose flag has changed so far."),
    finished_at: instant
      .nullable()
      .describe("When all events were judged, and the rebuild of the figures began. Null until then."),
  })
  .meta({ id: "BotReview" });
export type BotReviewView = z.output<typeof reviewView>;

async function view(db: Database, project_id: string): Promise<BotReviewView> {
  const { requested_at = null, changed = 0, finished_at = null } = (await findBotReview(db, project_id)) ?? {};
  return { project_id, requested_at: iso(requested_at), changed, finished_at: iso(finished_at) };
}

const administered = { tag: "Administration", role: "admin" } as const;

export const botReviewRoutes = [
  route(
    {
      id: "showBotReview",
      method: "get",
      path: "/projects/:project_id/bot-review",
      ...administered,
      summary: "How far a project's bot rules have been applied to its past",
      description: "The last time that it was asked for.",
      examples: { project_id: "default" },
      answers: { 200: { description: "How far it is.", content: json(reviewView) } },
      problems: [400],
    },
    async ({ db, params, projectFor }) => view(db, (await projectFor(params.project_id)).project_id),
  ),
  route(
    {
      id: "applyBotRules",
      method: "post",
      path: "/projects/:project_id/bot-review",
      ...administered,
      everywhere: "It rebuilds the figures of all projects, which needs a key for all projects.",
      summary: "Apply a project's bot rules to its past",
      description:
        "Each event of the log is judged again by its user agent and the rules of now. Then all figures are counted again from the " +
        "log. An event with a key or a good signature can lose its flag, and never gets one.",
      examples: { project_id: "default" },
      answers: { 202: { description: "It has begun.", content: json(reviewView) } },
      problems: [400, 409],
      audit: "project.bot_review",
    },
    async ({ env, db, params, projectFor, act, now }) => {
      const { project_id } = await projectFor(params.project_id);
      if (await anySettled(db))
        throw new Problem(
          409,
          "Retention has removed events from the log: what they added to the figures cannot be rebuilt.",
        );
      await act({ project_id, subject: project_id }, [beginBotReview(project_id, now)]);
      await wake(env, [botReviews.name]);
      return view(db, project_id);
    },
  ),
] as const;
