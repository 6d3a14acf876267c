/** The top of every page: the project, the session, and the settings of appearance. */
import { useState } from "preact/hooks";
import type { Principal } from "../../worker/http/principal.ts";
import { credential } from "../api.ts";
import { titled } from "../format.ts";
import { Bars, Mark } from "../icons.tsx";
import { useLive } from "../live/live.ts";
import { Status } from "../live/status.tsx";
import { Menu } from "../menu.tsx";
import { useNavigation } from "../navigation.ts";
import { Choices } from "../panel.tsx";
import { setTheme, useTheme } from "../theme.ts";
import { words } from "../words.ts";
import { LanguageChoice } from "./language-choice.tsx";
import { ProjectForm } from "./project-form.tsx";

type Signed = {
  principal: Principal;
  project_id: string;
  signOut: (() => Promise<void>) | undefined;
  /** Opens the list of views, on screens too narrow to show it all the time. */
  openViews: () => void;
  showKeys: () => void;
};

export function Header({ principal, project_id, signOut, openViews, showKeys }: Signed) {
  const { connection } = useLive();
  const shared = credential() !== null;
  return (
    <header class="header">
      <button type="button" class="button square views-opener" aria-label={words.frame.views} onClick={openViews}>
        <Bars />
      </button>
      {shared ? (
        <span class="brand">
          <Mark />
          <span>Edgepixel</span>
        </span>
      ) : (
        <a class="brand" href="/">
          <Mark />
          <span>Edgepixel</span>
        </a>
      )}
      <div class="header-end">
        {connection === "reconnecting" && <Status connection={connection} />}
        <button
          type="button"
          class="button square quiet keys-opener"
          aria-label={words.frame.keyboardShortcuts}
          onClick={showKeys}
        >
          ?
        </button>
        <Menu
          label={words.frame.projectAppearance(project_id, shared)}
          button={<span class="project">{project_id}</span>}
        >
          {(close) => (
            <>
              {principal.project_id === null && <ProjectForm project_id={project_id} close={close} />}
              {!principal.hide_amounts && <CurrencyChoice />}
              <Appearance />
              <LanguageChoice />
              {signOut && <Leave principal={principal} signOut={signOut} />}
            </>
          )}
        </Menu>
      </div>
    </header>
  );
}

function Leave({ principal, signOut }: { principal: Principal; signOut: () => Promise<void> }) {
  const [failed, setFailed] = useState(false);
  return (
    <div class="menu-row">
      <span class="muted" role={failed ? "alert" : undefined}>
        {failed ? words.frame.thatDidNotWorkYouAreStill : words.frame.signedInAs(principal.role)}
      </span>
      <button type="button" class="button" onClick={() => signOut().catch(() => setFailed(true))}>
        {words.frame.signOut}
      </button>
    </div>
  );
}

/** The currency of amounts: part of the address, like everything that figures depend on. */
function CurrencyChoice() {
  const { address, go } = useNavigation();
  return (
    <div class="menu-row">
      <span>{words.common.currency}</span>
      <Choices
        legend={words.common.currency}
        options={{ project: words.frame.ofTheProject, USD: "USD" }}
        chosen={address.currency}
        choose={(currency) => go({ currency }, "replace")}
      />
    </div>
  );
}

function Appearance() {
  const theme = useTheme();
  return (
    <div class="menu-row">
      <span>{words.frame.appearance}</span>
      <Choices
        legend={words.frame.appearance}
        options={{ system: titled("system"), light: titled("light"), dark: titled("dark") }}
        chosen={theme}
        choose={setTheme}
      />
    </div>
  );
}
