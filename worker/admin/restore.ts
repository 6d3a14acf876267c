/** Restores a lost log from the archive: each request does one step. */
import type { SQL } from "drizzle-orm";
import * as z from "zod";
import { lostStep, NotRestorable, PHASES, restoreStep } from "../event-log/restore.ts";
import { json } from "../http/operation.ts";
import { Problem } from "../http/problem.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { whole } from "../reports/answer.ts";
import { OF_ALL, ofArchive } from "./archive.ts";
import { route } from "./route.ts";

const restoredView = z
  .object({
    phase: z.enum(PHASES).describe("`done`: the log is complete, and the projections rebuild their figures."),
    files_done: whole,
    files_total: whole.describe("Known once the manifests have been read, as is `rows_total`."),
    rows_done: whole,
    rows_total: whole,
  })
  .meta({ id: "Restored" });

export const restoreRoutes = [
  route(
    {
      id: "restoreArchive",
      method: "post",
      path: "/archive/restore",
      on: "each",
      ...ofArchive,
      summary: "Restore a lost log, a step",
      description:
        `${OF_ALL} For a database that was lost and migrated again. One call does a part: ask again until it is done, which ` +
        "`npm run restore` does. Events may come in meanwhile.",
      answers: { 200: { description: "How far it is.", content: json(restoredView) } },
      problems: [404, 409],
      audit: "archive.restore",
    },
    async ({ env, db, act, now }) => {
      try {
        const noted = (statements: SQL[]) => act({ project_id: null, subject: "archive" }, statements);
        const restored = await restoreStep(env, db, now, noted);
        if (restored.phase === "done") await wakeProjectors(env);
        return restored;
      } catch (error) {
        if (error instanceof NotRestorable) throw new Problem(409, error.message);
        if (lostStep(error)) throw new Problem(409, "Another step of the restore was faster.");
        throw error;
      }
    },
  ),
] as const;
