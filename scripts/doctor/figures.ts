/** The projections, which compute tables and live counters from the log. */
import type { ProjectionView } from "../../worker/admin/projections.ts";
import { bodyOf, until } from "./ask.ts";
import {
  type Check,
  type Finding,
  logsOf,
  ok,
  type Patient,
  projectOf,
  type Shard,
  shardsOf,
  worstOf,
  wrong,
} from "./check.ts";

/** A request for a report brings the tables up to date at most every ten seconds, and then quickly. */
const PATIENCE_MS = 60_000;
/** An error that lasts this long is reported: a shorter one may be temporary. */
const SURE_MS = 20_000;

/** Without the archive, which has a separate check, and postbacks, which follow every few minutes where none is due. */
const ELSEWHERE = /^(?:archive|postbacks)/;
const read = async (patient: Patient, asked: string) =>
  bodyOf<{ rows: ProjectionView[] }>(await patient.ask(`/api/v1/projections?${asked}`)).rows.filter(
    ({ name }) => !ELSEWHERE.test(name),
  );

const mend = (patient: Patient) =>
  `They are tried again by themselves. The line \`projection failed\` in ${logsOf(patient)} says more; what one version has broken, the next one mends without a loss.`;

export const figures: Check = {
  name: "figures",
  asks: "Do the tables of the reports follow the log?",
  needs: { role: "admin" },
  async look(patient) {
    const [main, ...others] = shardsOf(patient);
    const findings = await Promise.all([lookAtMain(patient, main), ...others.map((shard) => lookAt(patient, shard))]);
    return worstOf(findings, () => "All tables and live counters have every event of the log.");
  },
};

/** No test event is sent to a shard: its projections are judged as /health judges them. */
async function lookAt(patient: Patient, { name, asked, named }: Shard): Promise<Finding> {
  const failed = (await read(patient, asked)).find(({ error }) => error !== null);
  if (failed)
    return wrong(`${named}A table cannot be written: ${failed.name}. The error is: ${failed.error}`, mend(patient));
  const behind = Object.entries(patient.health.body.shards?.[name]?.projections ?? {}).filter(
    ([projection, { status }]) => status === "behind" && !ELSEWHERE.test(projection),
  );
  if (behind.length === 0) return ok("");
  const names = behind.map(([projection, { lag_events }]) => `${projection} by ${lag_events}`);
  return wrong(`${named}These tables are behind the log: ${names.join(", ")} events.`, mend(patient));
}

/** The database that has the doctor's test event. */
async function lookAtMain(patient: Patient, shard: Shard | undefined): Promise<Finding> {
  const named = shard?.named ?? "";
  const began = Date.now();
  const asked = shard?.asked ?? "";
  let last = await read(patient, asked);
  /** The seq of the newest event in the log; the test event is not later. */
  const head = Math.max(0, ...last.map(({ cursor, lag_events }) => cursor + lag_events));
  const failing = () => last.filter(({ error }) => error !== null);
  // No report brings the figures up to date, and they need days to count an old log.
  const late = () => last.filter(({ name, cursor }) => name !== "figures" && cursor < head);
  await until(PATIENCE_MS, async () => {
    // A report first brings the tables up to date.
    await patient.ask(`/api/v1/metrics?project_id=${projectOf(patient)}`);
    last = await read(patient, asked);
    if (failing().length > 0) return Date.now() - began > SURE_MS || null;
    return late().length === 0 || null;
  });
  const [failed, ...others] = failing();
  if (failed) {
    const more = others.length > 0 ? `, and ${others.length} more` : "";
    return wrong(
      `${named}A table cannot be written: ${failed.name}${more}. The error is: ${failed.error}`,
      mend(patient),
    );
  }
  if (late().length === 0) return ok("");
  const names = late().map(({ name, lag_events }) => `${name} by ${lag_events}`);
  return wrong(
    `${named}After ${PATIENCE_MS / 1_000} s these tables are behind the log: ${names.join(", ")} events.`,
    mend(patient),
  );
}
