/**
 * The page as a share link opens it. The link's token is in the address behind the #, which browsers send to no server; the
 * session that it opens is only kept in memory, so that a reload opens it again.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Principal } from "../worker/http/principal.ts";
import { type Action, useAction } from "./act/action.ts";
import { Field, type Filled, Form } from "./act/form.tsx";
import { forgetAnswers } from "./answers.ts";
import { ApiError, askWith, client, onSignedOut, read } from "./api.ts";
import { whoIsSignedIn } from "./frame/session.ts";
import { Mark } from "./icons.tsx";
import { NavigationProvider, useAddressBar } from "./navigation.ts";
import { Page } from "./page.tsx";
import { Failed } from "./panel.tsx";
import { words } from "./words.ts";

/** The token of the link in an address. */
export const tokenIn = (hash: string): string | undefined => /^#share=(.+)$/.exec(hash)?.[1];

/** Whether this is the page that other sites may embed. */
export const isEmbedded = (): boolean => location.pathname.startsWith("/embed");

type State =
  | { is: "opening" | "locked" | "over" }
  | { is: "failed"; error: ApiError }
  | { is: "open"; principal: Principal };

async function openShare(token: string, password?: string) {
  const opened = await read(client["share-sessions"].$post({ json: { token, password } }));
  askWith(opened.session);
  return { view: opened.view, principal: await whoIsSignedIn() };
}

export function Shared({ token }: { token: string }) {
  const navigation = useAddressBar();
  const [state, setState] = useState<State>({ is: "opening" });
  const open = async (password?: string) => {
    onSignedOut(() => undefined);
    const { view, principal } = await openShare(token, password);
    // The session ends by itself, or the link is over.
    onSignedOut(() => {
      forgetAnswers();
      begin();
    });
    if (view && !new URLSearchParams(location.search).has("view")) navigation.go({ view }, "replace");
    setState({ is: "open", principal });
  };
  const begin = () => {
    setState({ is: "opening" });
    open().catch((error: unknown) => setState(whyNot(error)));
  };
  const unlock = useAction(({ password }: Filled) => open(password));
  useEffect(begin, [token]);

  switch (state.is) {
    case "open":
      return (
        <NavigationProvider value={navigation}>
          <Page principal={state.principal} embedded={isEmbedded()} />
        </NavigationProvider>
      );
    case "locked":
      return <Locked action={unlock} />;
    case "over":
      return <Over />;
    case "failed":
      return (
        <main class="notice">
          <Failed error={state.error} what={words.common.figures} busy={false} retry={begin} />
        </main>
      );
    default:
      return (
        <main class="notice" aria-busy="true">
          <p class="muted">{words.frame.opening}</p>
        </main>
      );
  }
}

function whyNot(error: unknown): State {
  if (!(error instanceof ApiError))
    return { is: "failed", error: new ApiError(0, words.frame.notOpened, String(error)) };
  if (error.fields.some(({ code }) => code === "password_required")) return { is: "locked" };
  return error.status === 404 || error.status === 401 ? { is: "over" } : { is: "failed", error };
}

const Gate = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <main class="sign-in">
    <section class="panel">
      <Mark />
      <h1>{title}</h1>
      {children}
    </section>
  </main>
);

const Locked = ({ action }: { action: Action<[Filled]> }) => (
  <Gate title={words.frame.thisLinkHasAPassword}>
    <Form action={action} label={words.frame.showTheFigures} keep>
      <Field name="password" label={words.common.password} type="password" required />
    </Form>
  </Gate>
);

export const Over = () => (
  <Gate title={words.frame.thisLinkIsOver}>
    <p>{words.frame.itHasExpiredWasRevokedOrIs}</p>
  </Gate>
);
