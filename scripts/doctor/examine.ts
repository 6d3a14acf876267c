/** Runs the checks, one after the other. */
import { randomUUID } from "node:crypto";
import { type Check, type Finding, leftOut, type Patient, type Place, wrong } from "./check.ts";
import { CHECKS } from "./checks.ts";
import { reach } from "./reachable.ts";

const ROLES = ["viewer", "analyst", "admin"];

/** Whether the key has the role that a check needs. */
function mayAsk({ needs }: Check, { known: { principal } }: Patient): boolean {
  if (!needs) return true;
  if (!principal || ROLES.indexOf(principal.role) < ROLES.indexOf(needs.role)) return false;
  if (needs.role === "admin" && principal.banner_tags !== null) return false;
  return !needs.everywhere || principal.project_id === null;
}

async function look(check: Check, patient: Patient): Promise<Finding> {
  if (!mayAsk(check, patient)) return leftOut(`${check.asks} That needs a key of the role ${check.needs?.role}.`);
  try {
    return await check.look(patient);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return wrong(`It could not be asked: ${reason}`, "Mend what is wrong above, and look again.");
  }
}

/** Ends after the first check where the instance does not answer. */
export async function* examine(place: Place): AsyncGenerator<{ name: string; finding: Finding }> {
  const { finding, health } = await reach(place);
  yield { name: "reachable", finding };
  if (!health) return;
  const patient: Patient = { ...place, health, event_id: `doctor-${randomUUID()}`, known: {} };
  for (const check of CHECKS) yield { name: check.name, finding: await look(check, patient) };
}
