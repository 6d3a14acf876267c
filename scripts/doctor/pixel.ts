import { detailOf } from "./ask.ts";
import { type Check, logsOf, ok, projectOf, wrong } from "./check.ts";

/** A test event goes through all of the instance and counts in no figure; its id says that the doctor sent it. */
export const pixel: Check = {
  name: "pixel",
  asks: "Is a pixel taken?",
  async look(patient) {
    const project_id = projectOf(patient);
    const query = new URLSearchParams({
      project_id,
      event_id: patient.event_id,
      visitor_id: patient.event_id,
      banner_tag: "doctor",
      test: "1",
    });
    const answer = await patient.ask(`/visit?${query}`, { accept: "application/json" });
    const took = answer.answered_at - answer.asked_at;
    if (answer.status === 200 && answer.headers.get("x-event-status") === "accepted") {
      patient.known.accepted = { asked_at: answer.asked_at, answered_at: answer.answered_at };
      return ok(`A test event was taken in ${took} ms: ${patient.event_id}, which counts nowhere.`);
    }
    const says = `A test event was refused with the status ${answer.status}: ${detailOf(answer)}`;
    if (answer.status === 429) return wrong(says, "This address has sent too many pixels. Look again in ten seconds.");
    if (answer.status >= 500)
      return wrong(says, `The queue or the database does not take it: look for errors in ${logsOf(patient)}.`);
    return wrong(
      says,
      `The project ${project_id} refuses a plain visit: mend its settings or its schema of \`visit\` in the dashboard.`,
    );
  },
};
