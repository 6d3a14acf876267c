import { bodyOf } from "./ask.ts";
import { type Check, ok, type Patient, type Shard, shardsOf, warning, worstOf } from "./check.ts";

const MOST = 100;

export const deadLetters: Check = {
  name: "dead letters",
  asks: "Are there events that could not be stored?",
  needs: { role: "admin" },
  async look(patient) {
    const findings = await Promise.all(shardsOf(patient).map((shard) => lookAt(patient, shard)));
    return worstOf(findings, () => "No event waits that could not be stored.");
  },
};

async function lookAt(patient: Patient, { asked, named }: Shard) {
  const answer = await patient.ask(`/api/v1/dead-letters?status=waiting&limit=${MOST}&${asked}`);
  const { rows, next_cursor } = bodyOf<{ rows: unknown[]; next_cursor: unknown }>(answer);
  if (rows.length === 0) return ok("");
  const many = `${rows.length}${next_cursor === null ? "" : " or more"}`;
  return warning(
    `${named}Events could not be stored and wait as dead letters: ${many}.`,
    "Open Failed events in the dashboard: each says why. Mend the cause, then replay them.",
  );
}
