/** Applying a project's bot rules to the events that it has already. */
import { useState } from "preact/hooks";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { exact, timeText } from "../format.ts";
import { query } from "../reports.ts";

const reviewOf = (project_id: string) =>
  query(`bot review of ${project_id}`, { project_id }, (_, options) =>
    client.projects[":project_id"]["bot-review"].$get({ param: { project_id } }, options),
  );

export function BotReview({ project_id, timezone }: { project_id: string; timezone: string }) {
  const review = useAnswer(reviewOf(project_id)).data;
  const [asked, ask] = useState(false);
  const apply = useAction(
    () => read(client.projects[":project_id"]["bot-review"].$post({ param: { project_id } })),
    "Past events are being checked.",
  );
  const { requested_at, finished_at, changed = 0 } = review ?? {};
  return (
    <section class="form apart" aria-labelledby="bot-review-title">
      <h3 id="bot-review-title">Bot rules and past events</h3>
      <p class="field-hint">
        {!requested_at
          ? "Changed rules apply to new events only, until they are applied to past ones."
          : finished_at
            ? `Last applied to past events on ${timeText(requested_at, timezone)}: ${exact(changed)} events changed.`
            : `Being applied since ${timeText(requested_at, timezone)}: ${exact(changed)} events changed so far.`}
      </p>
      <p class="dialog-actions">
        <button type="button" class="button" onClick={() => ask(true)}>
          Apply to past events…
        </button>
      </p>
      {asked && (
        <Confirm
          title="Apply the bot rules to past events?"
          label="Apply to past events"
          tone="primary"
          action={apply}
          close={() => ask(false)}
        >
          <p>
            Each stored event is checked again by its user agent. Then the figures of all projects are made anew from
            the log, which costs as much as storing the events did; until that is done, reports may lack some of them.
            Signed events and those of the API are never flagged.
          </p>
        </Confirm>
      )}
    </section>
  );
}
