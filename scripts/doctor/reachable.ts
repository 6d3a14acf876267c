/** Whether an Edgepixel answers at all. If not, no other check runs. */
import type { Health } from "../../worker/reports/health.ts";
import { Unanswered } from "./ask.ts";
import { type Finding, ok, type Patient, type Place, wrong } from "./check.ts";

const isHealth = (body: unknown): body is Health => typeof body === "object" && body !== null && "dependencies" in body;

export async function reach({
  url,
  local,
  ask,
}: Place): Promise<{ finding: Finding; health: Patient["health"] | null }> {
  try {
    const answer = await ask("/health");
    if (isHealth(answer.body)) {
      const finding = ok(`It answered in ${answer.answered_at - answer.asked_at} ms.`);
      return { finding, health: { ...answer, body: answer.body } };
    }
    const finding = wrong(
      `Something answers at ${url} with the status ${answer.status}, but not as Edgepixel does.`,
      local
        ? "Another program has this port: start Edgepixel on another one with `npm start -- --port N`, and name it with --url."
        : "Name the address that `npm run deploy` printed. If it is that one, the Worker is not there: deploy again.",
    );
    return { finding, health: null };
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    const finding = wrong(
      `${url} does not answer: ${error.message}.`,
      local
        ? "Start it with `npm start`, or name another instance with `npm run doctor -- --url https://…`."
        : "Check the address and this machine's network. `npm run deploy` prints the address of what it deployed.",
    );
    return { finding, health: null };
  }
}
