import type { ProjectionView } from "../../worker/admin/projections.ts";
import { bodyOf } from "./ask.ts";
import { type Check, logsOf, ok, wrong } from "./check.ts";

type State = {
  lag_events: number;
  lag_seconds: number;
  files: number;
  rows: number;
  last_run: { attempts: number; began_at: string; finished_at: string | null } | null;
};

/** The archive stores each quarter of an hour after its end, so it is up to 16 minutes behind. From this age on it is late. */
const LATE_SECONDS = 40 * 60;

export const inArchive: Check = {
  name: "archive",
  asks: "Does every event get into the bucket?",
  needs: { role: "admin", everywhere: true },
  async look(patient) {
    const { archive } = patient.health.body.dependencies;
    if (archive === "off") return ok("This instance was deployed without an archive.");
    const mend = `Look for the lines \`projection failed\` and \`duty failed\` in ${logsOf(patient)}. Nothing is lost: the log keeps what the bucket lacks.`;
    const { lag_events, lag_seconds, files, rows, last_run } = bodyOf<State>(await patient.ask("/api/v1/archive"));
    const { rows: projections } = bodyOf<{ rows: ProjectionView[] }>(await patient.ask("/api/v1/projections"));
    const failed = projections.find(({ name, error }) => name.startsWith("archive") && error !== null);
    if (failed) return wrong(`The archive cannot be written. The error is: ${failed.error}`, mend);
    if (lag_seconds > LATE_SECONDS)
      return wrong(`The archive is ${Math.round(lag_seconds / 60)} minutes behind, by ${lag_events} events.`, mend);
    if (archive === "failing") return wrong("Its bucket does not answer.", mend);
    if (last_run === null)
      return ok("It has nothing to do yet: events are written when their quarter of an hour is over.");
    const when = last_run.finished_at
      ? `last run ended ${last_run.finished_at}`
      : `a run goes on since ${last_run.began_at}`;
    return ok(
      `${rows.toLocaleString("en")} events in ${files} files; ${when}; ${lag_events} events wait for the next one.`,
    );
  },
};
