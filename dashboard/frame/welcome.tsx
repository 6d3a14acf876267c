/** What a project sees before its first event: what to do to get one. Goes away by itself when it comes. */
import { Copied } from "../act/copied.tsx";
import { isFiltered } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { campaigns } from "../campaigns/query.ts";
import { useLive } from "../live/live.ts";
import type { Scope } from "../scope.ts";

/** Where the demo site sends its events. */
const DEMO_PROJECT = "default";

export function Welcome({ scope }: { scope: Scope }) {
  const { data } = useAnswer(campaigns(scope));
  const { counts, events } = useLive();
  const quiet = counts !== null && counts.windows.today.total === 0 && events.length === 0;
  if (!data || !quiet || data.rows.length > 0 || isFiltered(scope.address)) return null;
  const snippet = `<script async src="${location.origin}/pixel.js" data-project="${data.project_id}"></script>`;
  const pixel = `${location.origin}/visit?project_id=${data.project_id}&player_id=PLAYER&btag=TAG`;
  return (
    <section class="panel welcome" aria-labelledby="welcome-title">
      <h2 id="welcome-title">Waiting for the first event</h2>
      <p class="lead">Do one of these; it shows up here within seconds.</p>
      <ol>
        <li>
          <h3>Paste this tag into your pages</h3>
          <Copied text={snippet} />
        </li>
        <li>
          <h3>Or let a server or a browser call a pixel</h3>
          <Copied text={pixel} />
        </li>
        {data.project_id === DEMO_PROJECT && (
          <li>
            <h3>Or try it without a site of your own</h3>
            <p>
              <a class="button" href="/demo/?btag=summer">
                Open the demo site
              </a>
            </p>
          </li>
        )}
      </ol>
    </section>
  );
}
