/** The top of every page: where one is, as whom, and how it looks. */
import { useState } from "preact/hooks";
import type { Principal } from "../../worker/http/principal.ts";
import { words } from "../format.ts";
import { useLive } from "../live/live.ts";
import { Status } from "../live/status.tsx";
import { linkTo, useNavigation } from "../navigation.ts";
import { Choices } from "../panel.tsx";
import { useTheme } from "../theme.ts";
import { VIEWS } from "../views/index.ts";
import { Mark } from "./icons.tsx";
import { Menu } from "./menu.tsx";

type Signed = { principal: Principal | undefined; project_id: string; signOut: () => Promise<void> };

export function Header({ principal, project_id, signOut }: Signed) {
  const { connection } = useLive();
  return (
    <header class="header">
      <a class="brand" href="/">
        <Mark />
        <span>Edgepixel</span>
      </a>
      <Views />
      <div class="header-end">
        {connection === "reconnecting" && <Status connection={connection} />}
        <Menu
          label={`Project ${project_id}, appearance, signing out`}
          button={<span class="project">{project_id}</span>}
        >
          {(close) => (
            <>
              {principal?.project_id === null && <ProjectForm project_id={project_id} close={close} />}
              <Appearance />
              <Leave principal={principal} signOut={signOut} />
            </>
          )}
        </Menu>
      </div>
    </header>
  );
}

function Views() {
  const { address, go } = useNavigation();
  return (
    <nav aria-label="Views" class="views">
      {Object.entries(VIEWS).map(([view, { title, load }]) => (
        <a
          key={view}
          href={linkTo(address, { view })}
          aria-current={view === address.view ? "page" : undefined}
          onPointerEnter={() => void load().catch(() => undefined)}
          onClick={(event) => {
            // A new tab or window is the browser's to open.
            if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
            event.preventDefault();
            go({ view });
          }}
        >
          {title}
        </a>
      ))}
    </nav>
  );
}

function Leave({ principal, signOut }: Pick<Signed, "principal" | "signOut">) {
  const [failed, setFailed] = useState(false);
  return (
    <div class="menu-row">
      <span class="muted" role={failed ? "alert" : undefined}>
        {failed ? "That did not work. You are still signed in." : `Signed in as ${principal?.role ?? "…"}`}
      </span>
      <button type="button" class="button" onClick={() => signOut().catch(() => setFailed(true))}>
        Sign out
      </button>
    </div>
  );
}

function ProjectForm({ project_id, close }: { project_id: string; close: () => void }) {
  const { go } = useNavigation();
  return (
    <form
      class="menu-form"
      onSubmit={(event) => {
        event.preventDefault();
        const chosen = String(new FormData(event.currentTarget).get("project_id") ?? "").trim();
        go({ project_id: chosen || undefined, banner_tag: undefined, search: undefined });
        close();
      }}
    >
      <label>
        Project
        <input class="input" name="project_id" defaultValue={project_id} autocomplete="off" spellcheck={false} />
      </label>
      <button type="submit" class="button">
        Open
      </button>
    </form>
  );
}

function Appearance() {
  const [theme, setTheme] = useTheme();
  return (
    <div class="menu-row">
      <span>Appearance</span>
      <Choices
        legend="Appearance"
        options={{ system: words("system"), light: words("light"), dark: words("dark") }}
        chosen={theme}
        choose={setTheme}
      />
    </div>
  );
}
