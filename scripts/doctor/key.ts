import type { SignedIn } from "../../worker/http/sign-in.ts";
import { bodyOf, detailOf } from "./ask.ts";
import { type Check, leftOut, ok, warning, wrong } from "./check.ts";

export const HOW_TO_GIVE_A_KEY = "Put a key with the role admin, for all projects, into EDGEPIXEL_KEY.";

export const key: Check = {
  name: "key",
  asks: "Does the key open the instance?",
  async look(patient) {
    if (patient.key === undefined) return leftOut(`There is no key at hand. ${HOW_TO_GIVE_A_KEY}`);
    const answer = await patient.ask("/api/v1/session");
    if (answer.status === 401) {
      return wrong(
        "The instance does not know the key.",
        process.env.EDGEPIXEL_KEY
          ? "EDGEPIXEL_KEY is mistyped, or the key has expired, was revoked, or is another instance's. Set the right one."
          : "The ADMIN_TOKEN in .dev.vars is not the one that runs: stop the instance and run `npm start` again.",
      );
    }
    if (answer.status !== 200 && answer.status !== 403) {
      return wrong(
        `Who is asking could not be found out: ${detailOf(answer)}`,
        "Mend what else is wrong, and look again.",
      );
    }
    if (answer.status === 403) {
      return warning("The key can only send events, so most is left out here.", HOW_TO_GIVE_A_KEY);
    }
    const principal = bodyOf<SignedIn>(answer);
    patient.known.principal = principal;
    const { role, project_id, banner_tags } = principal;
    if (role === "admin" && project_id === null && banner_tags === null) return ok("It is an administrator's.");
    const limits = [
      project_id !== null && `of the project ${project_id}`,
      banner_tags !== null && "of some banner tags",
    ];
    const only = limits.filter(Boolean).join(", ");
    return warning(`The key has the role ${role}${only && ` ${only}`}, so some is left out here.`, HOW_TO_GIVE_A_KEY);
  },
};
