/** Finds out who is asking and in which time zone, then shows the view of the address. */
import { useEffect, useState } from "preact/hooks";
import type { Principal } from "../worker/http/principal.ts";
import { forgetAnswers, type Query, useAnswer } from "./answers.ts";
import { onSignedOut } from "./api.ts";
import { closeSession, whoIsSignedIn } from "./frame/session.ts";
import { SignIn } from "./frame/sign-in.tsx";
import { BySignInLink } from "./frame/sign-in-link.tsx";
import { NavigationProvider, useAddressBar } from "./navigation.ts";
import { Page } from "./page.tsx";
import { Failed } from "./panel.tsx";
import { isEmbedded, Over, Shared, tokenIn } from "./share-link.tsx";
import { words } from "./words.ts";

/** Undefined while it is not known yet, null where nobody is signed in. */
type Signed = Principal | null | undefined;

const SESSION: Query<Principal> = { key: "session", ask: whoIsSignedIn, steady: true };

/** A share link opens the page for everybody who has it; without one, the page is for the person who is signed in. */
export function App() {
  useEffect(() => {
    // Another link was opened in the same tab.
    const other = () => location.reload();
    addEventListener("hashchange", other);
    return () => removeEventListener("hashchange", other);
  }, []);
  const token = tokenIn(location.hash);
  if (token !== undefined) return <Shared token={token} />;
  // Inside of other sites' pages nobody signs in.
  return isEmbedded() ? <Over /> : <BySignInLink page={(refusal) => <SignedIn refusal={refusal} />} />;
}

function SignedIn({ refusal }: { refusal: string | null }) {
  const navigation = useAddressBar();
  const [principal, setPrincipal] = useState<Signed>(undefined);
  const who = useAnswer(SESSION);
  useEffect(() => {
    onSignedOut(() => {
      forgetAnswers();
      setPrincipal(null);
    });
  }, []);
  useEffect(() => {
    if (who.data && principal === undefined) setPrincipal(who.data);
  }, [who.data]);

  const signOut = async () => {
    await closeSession();
    forgetAnswers();
    setPrincipal(null);
  };

  // A person who signed out knows how they had signed in.
  if (principal === null) return <SignIn signedIn={setPrincipal} refusal={who.data ? null : refusal} />;
  return (
    <NavigationProvider value={navigation}>
      {principal === undefined && who.error ? (
        <main class="notice">
          <Failed error={who.error} what={words.frame.dashboard} busy={who.loading} retry={who.retry} />
        </main>
      ) : (
        <Page principal={principal} signOut={signOut} />
      )}
    </NavigationProvider>
  );
}
