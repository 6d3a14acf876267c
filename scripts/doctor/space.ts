/** How full each database is, of what the plan allows. */
import type { PlanUseView } from "../../worker/admin/plan.ts";
import { bodyOf } from "./ask.ts";
import { type Check, type Finding, ok, type Patient, type Shard, shardsOf, warning, worstOf, wrong } from "./check.ts";

/** There is time to make space, or to put new projects on another shard. */
const FULL_SOON_PERCENT = 80;
const FULL_PERCENT = 98;

export const space: Check = {
  name: "space",
  asks: "Is there space in each database?",
  needs: { role: "admin", everywhere: true },
  async look(patient) {
    const findings = await Promise.all(shardsOf(patient).map((shard) => lookAt(patient, shard)));
    return worstOf(findings, (says) => says.join(" "));
  },
};

async function lookAt(patient: Patient, { asked, named }: Shard): Promise<Finding> {
  const { rows } = bodyOf<{ rows: PlanUseView[] }>(await patient.ask(`/api/v1/plan?${asked}`));
  const size = rows.find(({ what }) => what === "database_megabytes");
  if (!size) return ok(`${named}The plan does not limit it.`);
  const says = `${named}${size.used.toLocaleString("en")} of ${size.allowed.toLocaleString("en")} MB are used.`;
  const mend =
    "Retention removes old data: docs/retention.md. New projects can be put on a further database: docs/scale.md.";
  if (size.percent >= FULL_PERCENT) return wrong(`${says} Nothing can be written once it is full.`, mend);
  return size.percent >= FULL_SOON_PERCENT ? warning(says, mend) : ok(says);
}
