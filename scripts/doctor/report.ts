import { detailOf } from "./ask.ts";
import { type Check, logsOf, ok, projectOf, warning, wrong } from "./check.ts";

export const report: Check = {
  name: "report",
  asks: "Does a report answer, with all events?",
  needs: { role: "viewer" },
  async look(patient) {
    const answer = await patient.ask(`/api/v1/campaigns?project_id=${projectOf(patient)}`);
    if (answer.status !== 200)
      return wrong(
        `A report fails: ${detailOf(answer)}`,
        `Look for the line \`request failed\` in ${logsOf(patient)}.`,
      );
    const lag = answer.headers.get("x-lag-events");
    if (lag !== null)
      return warning(
        `Reports lack the last ${lag} events.`,
        "Wait: tables that were rebuilt need some minutes. If the number does not fall, see what is said of `figures`.",
      );
    return ok(`The campaigns of 30 days came in ${answer.answered_at - answer.asked_at} ms, with all events.`);
  },
};
