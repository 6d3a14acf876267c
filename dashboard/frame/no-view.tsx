/** In place of a view that there is not, or whose code did not come. */
import { useNavigation } from "../navigation.ts";
import { viewOf } from "../views/index.ts";

export function NoView({ name }: { name: string }) {
  const { go } = useNavigation();
  const known = viewOf(name);
  return (
    <div class="failed" role="alert">
      <strong>{known ? `“${known.title}” could not be loaded.` : "There is no such view."}</strong>
      {known ? (
        // The page may be older than what is deployed by now, so all of it is loaded again.
        <button type="button" class="button" onClick={() => location.reload()}>
          Reload
        </button>
      ) : (
        <button type="button" class="button" onClick={() => go({ view: "overview" })}>
          Open the overview
        </button>
      )}
    </div>
  );
}
