/** The live counters, with the rights of listeners: what one may see follows from the key, session or share link. */
import { principalOf, reaches } from "../http/access.ts";
import { may, type Principal } from "../http/principal.ts";
import { Counters } from "../live/counters.ts";
import type { Credential } from "../live/listeners.ts";
import type { View } from "../live/stream.ts";
import { metered } from "../store/budget.ts";

/**
 * Viewers see that something happened, and not who did it. A key that is limited to tags sees what counts for these.
 * Amounts may be hidden.
 */
export const viewOf = (principal: Principal): View => ({
  personal: may(principal, "analyst"),
  banner_tags: principal.banner_tags,
  ...(principal.hide_amounts && { hide_amounts: true }),
});

export class LiveCounters extends Counters {
  readonly #env: Env;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#env = env;
  }

  protected override async viewOf(project_id: string, credential: Credential, now: number): Promise<View | null> {
    const principal = await principalOf(metered(this.#env, "listener").env, credential, now);
    return principal && reaches(principal, project_id) && may(principal, "viewer") ? viewOf(principal) : null;
  }
}
