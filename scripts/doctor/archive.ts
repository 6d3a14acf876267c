import type { ProjectionView } from "../../worker/admin/projections.ts";
import { bodyOf } from "./ask.ts";
import { type Check, type Finding, logsOf, ok, type Patient, type Shard, shardsOf, worstOf, wrong } from "./check.ts";

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
    if (patient.health.body.dependencies.archive === "off") return ok("This instance was deployed without an archive.");
    const findings = await Promise.all(shardsOf(patient).map((shard) => lookAt(patient, shard)));
    return worstOf(findings, (says) => says.join(" "));
  },
};

async function lookAt(patient: Patient, { name, asked, named }: Shard): Promise<Finding> {
  const { dependencies } = patient.health.body.shards?.[name] ?? patient.health.body;
  const mend = `Look for the lines \`projection failed\` and \`duty failed\` in ${logsOf(patient)}. Nothing is lost: the log keeps what the bucket lacks.`;
  const { lag_events, lag_seconds, files, rows, last_run } = bodyOf<State>(
    await patient.ask(`/api/v1/archive?${asked}`),
  );
  const { rows: projections } = bodyOf<{ rows: ProjectionView[] }>(await patient.ask(`/api/v1/projections?${asked}`));
  const failed = projections.find(({ name, error }) => name.startsWith("archive") && error !== null);
  if (failed) return wrong(`${named}The archive cannot be written. The error is: ${failed.error}`, mend);
  if (lag_seconds > LATE_SECONDS)
    return wrong(
      `${named}The archive is ${Math.round(lag_seconds / 60)} minutes behind, by ${lag_events} events.`,
      mend,
    );
  if (dependencies.archive === "failing") return wrong(`${named}Its bucket does not answer.`, mend);
  if (last_run === null)
    return ok(`${named}It has nothing to do yet: events are written when their quarter of an hour is over.`);
  const when = last_run.finished_at
    ? `last run ended ${last_run.finished_at}`
    : `a run goes on since ${last_run.began_at}`;
  return ok(
    `${named}${rows.toLocaleString("en")} events in ${files} files; ${when}; ${lag_events} events wait for the next one.`,
  );
}
