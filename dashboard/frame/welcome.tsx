/** Shown before a project's first event: links to set it up. Disappears when the first event arrives. */
import { isFiltered } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { campaigns } from "../campaigns/query.ts";
import { useLive } from "../live/live.ts";
import { useNavigation } from "../navigation.ts";
import type { Scope } from "../scope.ts";
import { isOpenTo, VIEWS, type ViewEntry } from "../views.ts";
import { words } from "../words.ts";

/** Where the demo site sends its events. */
const DEMO_PROJECT = "default";

export function Welcome({ scope }: { scope: Scope }) {
  const { data } = useAnswer(campaigns(scope));
  const { go } = useNavigation();
  const { counts, events } = useLive();
  const quiet = counts !== null && counts.windows.today.total === 0 && events.length === 0;
  if (!data || !quiet || data.rows.length > 0 || isFiltered(scope.address)) return null;
  const mayOpen = isOpenTo(scope.principal, VIEWS.setup as ViewEntry);
  return (
    <section class="panel welcome" aria-labelledby="welcome-title">
      <h2 id="welcome-title">{words.frame.waitingForTheFirstEvent}</h2>
      <p class="lead">{mayOpen ? words.frame.setUpPagesServersOr : words.frame.anAdministratorSetsUpWhat}</p>
      <p class="welcome-ways">
        {mayOpen && (
          <button type="button" class="button primary" onClick={() => go({ view: "setup" })}>
            {words.common.setUp}
          </button>
        )}
        {data.project_id === DEMO_PROJECT && (
          <a class="button" href="/demo/?btag=summer">
            {words.frame.openTheDemoSite}
          </a>
        )}
      </p>
    </section>
  );
}
