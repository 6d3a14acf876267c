/** The projections, which compute tables and live counters from the log. */
import type { ProjectionView } from "../../worker/admin/projections.ts";
import { bodyOf, until } from "./ask.ts";
import { type Check, logsOf, ok, type Patient, projectOf, wrong } from "./check.ts";

/** A request for a report brings the tables up to date at most every ten seconds, and then quickly. */
const PATIENCE_MS = 60_000;
/** An error that lasts this long is reported: a shorter one may be temporary. */
const SURE_MS = 20_000;

/** Without the archive, which has a separate check, and postbacks, which follow every few minutes where none is due. */
const read = async (patient: Patient) =>
  bodyOf<{ rows: ProjectionView[] }>(await patient.ask("/api/v1/projections")).rows.filter(
    ({ name }) => !/^(?:archive|postbacks)/.test(name),
  );

const mend = (patient: Patient) =>
  `They are tried again by themselves. The line \`projection failed\` in ${logsOf(patient)} says more; what one version has broken, the next one mends without a loss.`;

export const figures: Check = {
  name: "figures",
  asks: "Do the tables of the reports follow the log?",
  needs: { role: "admin" },
  async look(patient) {
    const began = Date.now();
    let last = await read(patient);
    /** The seq of the newest event in the log; the test event is not later. */
    const head = Math.max(0, ...last.map(({ cursor, lag_events }) => cursor + lag_events));
    const failing = () => last.filter(({ error }) => error !== null);
    // No report brings the figures up to date, and they need days to count an old log.
    const late = () => last.filter(({ name, cursor }) => name !== "figures" && cursor < head);
    await until(PATIENCE_MS, async () => {
      // A report first brings the tables up to date.
      await patient.ask(`/api/v1/metrics?project_id=${projectOf(patient)}`);
      last = await read(patient);
      if (failing().length > 0) return Date.now() - began > SURE_MS || null;
      return late().length === 0 || null;
    });
    const [failed, ...others] = failing();
    if (failed) {
      const more = others.length > 0 ? `, and ${others.length} more` : "";
      return wrong(`A table cannot be written: ${failed.name}${more}. The error is: ${failed.error}`, mend(patient));
    }
    if (late().length === 0) return ok("All tables and live counters have every event of the log.");
    const names = late().map(({ name, lag_events }) => `${name} by ${lag_events}`);
    return wrong(
      `After ${PATIENCE_MS / 1_000} s these tables are behind the log: ${names.join(", ")} events.`,
      mend(patient),
    );
  },
};
