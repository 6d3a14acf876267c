/** Shown instead of a view that does not exist, that the reader may not see, or whose code could not be loaded. */
import type { Principal } from "../../worker/http/principal.ts";
import { may } from "../../worker/http/principal.ts";
import { useNavigation } from "../navigation.ts";
import { type ViewEntry, viewOf } from "../views.ts";
import { words } from "../words.ts";

export function NoView({ name }: { name: string }) {
  const known = viewOf(name);
  return (
    <div class="failed" role="alert">
      <strong>{known ? words.frame.couldNotBeLoaded(known.title) : words.frame.thereIsNoSuchView}</strong>
      {known ? (
        // The page may be older than the deployed version, so all of it is loaded again.
        <button type="button" class="button" onClick={() => location.reload()}>
          {words.frame.reload}
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
        <strong>{words.frame.isNotForThisKey(title)}</strong>
        <p>
          {principal.share_id !== undefined
            ? words.frame.aShareLinkShowsFiguresAnd
            : may(principal, role)
              ? words.frame.itIsLimitedToItsBannerTags
              : words.frame.itNeedsTheRoleYouAreSigned(role, principal.role)}
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
      {words.frame.openTheOverview}
    </button>
  );
}
