/** Says once for the whole page that its figures are not up to date, and why. */
import { refreshAnswers, useRefreshing, useStaleness } from "../answers.ts";
import { exact } from "../format.ts";
import { words } from "../words.ts";

/** How soon figures that lack events are asked for again. */
const LAGGING_MS = 5_000;

export function Unrefreshed() {
  const { error, loading, lag } = useStaleness();
  useRefreshing(lag > 0 ? LAGGING_MS : null);
  if (error)
    return (
      <div class="failed unrefreshed" role="alert">
        <div>
          <strong>{words.frame.theFiguresCouldNotBe(error.title)}</strong>
          <p>{words.frame.showingTheLastLoadedData(error.message)}</p>
        </div>
        <button type="button" class="button" onClick={refreshAnswers} disabled={loading}>
          {loading ? words.common.trying : words.common.retry}
        </button>
      </div>
    );
  if (lag === 0) return null;
  return (
    <div class="failed unrefreshed" role="status">
      <div>
        <strong>{words.frame.theFiguresLackTheLast(exact(lag))}</strong>
        <p>{words.frame.theyAreBeingAddedThePage}</p>
      </div>
    </div>
  );
}
