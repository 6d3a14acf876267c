/** In place of a view that there is not, that is not for everybody, or whose code did not come. */
import type { Principal } from "../../worker/http/principal.ts";
import { may } from "../../worker/http/principal.ts";
import { useNavigation } from "../navigation.ts";
import { type ViewEntry, viewOf } from "../views.ts";

export function NoView({ name }: { name: string }) {
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
        <ToOverview />
      )}
    </div>
  );
}

export function NotForYou({ entry: { title, role }, principal }: { entry: ViewEntry; principal: Principal }) {
  return (
    <div class="failed" role="alert">
      <div>
        <strong>“{title}” is not for this key.</strong>
        <p>
          {principal.share_id !== undefined
            ? "A share link shows figures, and no people."
            : may(principal, role)
              ? "It is limited to its banner tags, and this view is not kept by tag."
              : `It needs the role ${role}; you are signed in as ${principal.role}.`}
        </p>
      </div>
      <ToOverview />
    </div>
  );
}

function ToOverview() {
  const { go } = useNavigation();
  return (
    <button type="button" class="button" onClick={() => go({ view: "overview" })}>
      Open the overview
    </button>
  );
}
