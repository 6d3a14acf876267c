/** Says, once for the whole page, that the figures on it are from before, and why. */
import { refreshAnswers, useStaleness } from "../answers.ts";

export function Unrefreshed() {
  const { error, loading } = useStaleness();
  if (!error) return null;
  return (
    <div class="failed unrefreshed" role="alert">
      <div>
        <strong>{error.title}: the figures could not be refreshed.</strong>
        <p>{error.message} What you see is from before.</p>
      </div>
      <button type="button" class="button" onClick={refreshAnswers} disabled={loading}>
        {loading ? "Trying…" : "Retry"}
      </button>
    </div>
  );
}
