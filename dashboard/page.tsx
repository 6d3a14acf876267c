/** The frame around a view: the header, the menu of views, the filters, and the view once it is loaded. */
import { useEffect, useState } from "preact/hooks";
import type { Principal } from "../worker/http/principal.ts";
import { Said } from "./act/said.tsx";
import { AmountsProvider } from "./amounts.ts";
import { useAnswer } from "./answers.ts";
import { EmbedLine } from "./frame/embed-line.tsx";
import { Header } from "./frame/header.tsx";
import { NotForYou, NoView } from "./frame/no-view.tsx";
import { ShortcutSheet } from "./frame/shortcut-sheet.tsx";
import { useShortcuts } from "./frame/shortcuts.ts";
import { Toolbar, ToolbarSkeleton } from "./frame/toolbar.tsx";
import { Unrefreshed } from "./frame/unrefreshed.tsx";
import { ViewsMenu } from "./frame/views-menu.tsx";
import { LiveProvider, useLiveConnection } from "./live/live.ts";
import { loadView, preloadView } from "./loaders.ts";
import { useNavigation } from "./navigation.ts";
import { Failed } from "./panel.tsx";
import { project } from "./reports.ts";
import { scopeOf } from "./scope.ts";
import { isDated, isOpenTo, type View, viewOf } from "./views.ts";
import { words } from "./words.ts";

type Shown = {
  principal: Principal | undefined;
  /** Absent where nobody has signed in. */
  signOut?: () => Promise<void>;
  /** Inside of another site's page: without header and views. */
  embedded?: boolean;
};

/** The asker that is assumed until the session is known: what everybody may see then does not move. */
const ANYBODY: Principal = { role: "viewer", project_id: "", banner_tags: null, key_id: null };

export function Page({ principal = ANYBODY, signOut, embedded = false }: Shown) {
  const { address, go } = useNavigation();
  const now = useMinutes();
  const [opened, setOpened] = useState<"views" | "keys" | null>(null);
  const close = () => setOpened(null);
  const about = useAnswer(project(address.project_id));
  const known = about.stale ? undefined : about.data;
  const live = useLiveConnection(address.project_id, known !== undefined);
  const { view: Shown, failed } = useView(address.view);
  const entry = viewOf(address.view);
  const title = entry?.title ?? words.frame.notFound;
  const project_id = known?.project_id ?? address.project_id ?? "";
  useEffect(() => {
    document.title = `${title} · ${project_id || "Edgepixel"}`;
  }, [title, project_id]);

  const scope = known && principal !== ANYBODY ? scopeOf(address, known, principal, now) : undefined;
  const open = entry !== undefined && (principal === ANYBODY || isOpenTo(principal, entry));
  useShortcuts(scope, () => setOpened("keys"));
  return (
    <LiveProvider value={live}>
      <button type="button" class="button skip" onClick={() => document.getElementById("content")?.focus()}>
        {words.frame.skipToTheFigures}
      </button>
      {!embedded && (
        <Header
          principal={principal}
          project_id={project_id}
          signOut={signOut}
          openViews={() => setOpened(opened === "views" ? null : "views")}
          showKeys={() => setOpened("keys")}
        />
      )}
      <div class={embedded ? "body embedded" : "body"}>
        {!embedded && <ViewsMenu principal={principal} open={opened === "views"} near={preloadView} close={close} />}
        {about.error && !known ? (
          <main id="content" class="notice" tabIndex={-1}>
            {about.error.status === 400 && address.project_id !== undefined ? (
              <div class="failed" role="alert">
                <div>
                  <strong>{words.frame.thereIsNoProject(address.project_id)}</strong>
                  <p>{words.frame.theAddressNamesIt}</p>
                </div>
                <button type="button" class="button" onClick={() => go({ project_id: undefined })}>
                  {words.frame.openTheDefaultProject}
                </button>
              </div>
            ) : (
              <Failed error={about.error} what={words.frame.project} busy={about.loading} retry={about.retry} />
            )}
          </main>
        ) : (
          <div class="beside">
            {embedded && <EmbedLine scope={scope} entry={entry} />}
            {!embedded &&
              entry &&
              isDated(entry, address, scope?.principal) &&
              (scope ? <Toolbar scope={scope} entry={entry} /> : <ToolbarSkeleton entry={entry} />)}
            <main id="content" class="content" tabIndex={-1}>
              <h1 class="hidden">{title}</h1>
              {failed && <NoView name={address.view} />}
              {!open && entry && <NotForYou entry={entry} principal={principal} />}
              {open && Shown && scope && (
                <AmountsProvider value={!principal.hide_amounts}>
                  <Shown scope={scope} />
                </AmountsProvider>
              )}
            </main>
            <Unrefreshed />
          </div>
        )}
      </div>
      {opened === "keys" && <ShortcutSheet principal={principal} close={close} />}
      <Said />
    </LiveProvider>
  );
}

/** The time, to the minute: it decides which day and hour it is. */
function useMinutes(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    const seen = () => !document.hidden && setNow(Date.now());
    document.addEventListener("visibilitychange", seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, []);
  return now;
}

/** The code of a view. The view before is shown until the next one is loaded. */
function useView(name: string): { view: View | undefined; failed: boolean } {
  const [loaded, setLoaded] = useState<{ name: string; view?: View | undefined }>({ name: "" });
  useEffect(() => {
    let other = false;
    const settle = (view?: View) => {
      if (!other) setLoaded({ name, view });
    };
    loadView(name).then(settle, () => settle());
    return () => {
      other = true;
    };
  }, [name]);
  const { view } = loaded;
  return { view, failed: loaded.name === name && view === undefined };
}
