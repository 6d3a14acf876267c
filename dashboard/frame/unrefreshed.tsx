/** Says, once for the whole page, that the figures on it are from before, and why. */
import { refreshAnswers, useRefreshing, useStaleness } from "../answers.ts";
import { exact } from "../format.ts";

/** How soon figures that lack events are asked for again. */
const LAGGING_MS = 5_000;

export function Unrefreshed() {
  const { error, loading, lag } = useStaleness();
  useRefreshing(lag > 0 ? LAGGING_MS : null);
  if (error)
    return (
      <div class="failed unrefreshed" role="alert">
        <div>
          <strong>{error.title}: the figures could not be refreshed.</strong>
          <p>{error.message} Showing the last loaded data.</p>
        </div>
        <button type="button" class="button" onClick={refreshAnswers} disabled={loading}>
          {loading ? "Trying…" : "Retry"}
        </button>
      </div>
    );
  if (lag === 0) return null;
  return (
    <div class="failed unrefreshed" role="status">
      <div>
        <strong>The figures lack the last {exact(lag)} events.</strong>
        <p>They are being added. The page asks again by itself.</p>
      </div>
    </div>
  );
}
