/** Applies a project's bot rules to its existing events. */
import { useState } from "preact/hooks";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { exact, timeText } from "../format.ts";
import { query } from "../reports.ts";
import { words } from "../words.ts";

const reviewOf = (project_id: string) =>
  query(`bot review of ${project_id}`, { project_id }, (_, options) =>
    client.projects[":project_id"]["bot-review"].$get({ param: { project_id } }, options),
  );

export function BotReview({ project_id, timezone }: { project_id: string; timezone: string }) {
  const review = useAnswer(reviewOf(project_id)).data;
  const [asked, ask] = useState(false);
  const apply = useAction(
    () => read(client.projects[":project_id"]["bot-review"].$post({ param: { project_id } })),
    words.projects.pastEventsAreBeingChecked,
  );
  const { requested_at, finished_at, changed = 0 } = review ?? {};
  return (
    <section class="form apart" aria-labelledby="bot-review-title">
      <h3 id="bot-review-title">{words.projects.botRulesAndPastEvents}</h3>
      <p class="field-hint">
        {!requested_at
          ? words.projects.changedRulesApplyToNew
          : finished_at
            ? words.projects.lastAppliedToPastEventsOn(timeText(requested_at, timezone), exact(changed))
            : words.projects.beingAppliedSinceEvents(timeText(requested_at, timezone), exact(changed))}
      </p>
      <p class="dialog-actions">
        <button type="button" class="button" onClick={() => ask(true)}>
          {words.projects.applyToPastEvents}
        </button>
      </p>
      {asked && (
        <Confirm
          title={words.projects.applyTheBotRulesToPast}
          label={words.projects.applyToPastButton}
          tone="primary"
          action={apply}
          close={() => ask(false)}
        >
          <p>{words.projects.eachStoredEventIsChecked}</p>
        </Confirm>
      )}
    </section>
  );
}
