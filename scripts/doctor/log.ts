import type { DeadLetterView } from "../../worker/admin/dead-letters.ts";
import type { EventView } from "../../worker/reports/event.ts";
import { bodyOf, detailOf, until } from "./ask.ts";
import { type Check, type Finding, leftOut, logsOf, ok, type Patient, projectOf, wrong } from "./check.ts";

/**
 * On the free plan an event waits at most 40 seconds before it goes into the queue. The queue delivers after one second, a failed
 * batch again after five.
 */
const PATIENCE_MS = 75_000;
/** An error that lasts this long is reported: a shorter one may be temporary. */
const SURE_MS = 15_000;

/** Why the event became a dead letter; null where it has not. */
async function refusal(patient: Patient): Promise<string | null> {
  const { rows } = ((await patient.ask("/api/v1/dead-letters?status=waiting&limit=100")).body ?? {}) as {
    rows?: DeadLetterView[];
  };
  return rows?.find(({ event_id }) => event_id === patient.event_id)?.error ?? null;
}

function arrived(patient: Patient, event: EventView, ms: number): Finding {
  patient.known.logged = { received_at: Date.parse(event.received_at) };
  if (event.outcome === "test") return ok(`The test event was in the log within ${(ms / 1_000).toFixed(1)} s.`);
  return wrong(
    `The test event is in the log as \`${event.outcome}\`, and not as a test.`,
    "Deploy this version again: the instance does not know `test=1`.",
  );
}

export const log: Check = {
  name: "log",
  asks: "Does the queue bring it into the log?",
  needs: { role: "analyst" },
  async look(patient) {
    if (!patient.known.accepted) return leftOut("No test event was taken that could get there.");
    const began = Date.now();
    const path = `/api/v1/events/${patient.event_id}?project_id=${projectOf(patient)}`;
    const found = await until<Finding>(PATIENCE_MS, async () => {
      const answer = await patient.ask(path);
      const ms = Date.now() - began;
      if (answer.status === 200) return arrived(patient, bodyOf<EventView>(answer), ms);
      if (answer.status !== 404) {
        if (ms < SURE_MS) return null;
        return wrong(`The log cannot be read: ${detailOf(answer)}`, `Look for errors in ${logsOf(patient)}.`);
      }
      const error = await refusal(patient);
      return error === null
        ? null
        : wrong(
            `The log refused the test event, which is a dead letter now. The error is: ${error}`,
            "Others may be refused, too: see Failed events in the dashboard. Mend the cause, then replay them.",
          );
    });
    return (
      found ??
      wrong(
        `The test event was taken, but is not in the log after ${PATIENCE_MS / 1_000} s. The queue keeps it and tries again.`,
        patient.local
          ? "The line `append failed` in the output of `npm start` says why. Without one, start it again."
          : "The line `append failed` in `npm run wrangler -- tail` says why. Without one, see with `npm run wrangler -- queues info edgepixel-events` whether the Worker is its consumer, and deploy again.",
      )
    );
  },
};
