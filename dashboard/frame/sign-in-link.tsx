/**
 * The page as a sign-in link opens it. The code is behind the #, which browsers send to no server; it leaves the address before
 * anything else happens, and is changed for a session.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { words } from "../words.ts";
import { openSession } from "./session.ts";

function takeCode(): string | undefined {
  const code = /^#sign-in=(.+)$/.exec(location.hash)?.[1];
  if (code !== undefined) history.replaceState(null, "", `${location.pathname}${location.search}`);
  return code;
}

/** Shows the page once the code has been used; with the reason, if the link did not sign in. */
export function BySignInLink({ page }: { page: (refusal: string | null) => ComponentChildren }) {
  const [code] = useState(takeCode);
  const [refusal, setRefusal] = useState<string | null | undefined>(code === undefined ? null : undefined);
  useEffect(() => {
    if (code === undefined) return;
    openSession({ code }).then(
      () => setRefusal(null),
      (error: Error) => setRefusal(error.message),
    );
  }, []);
  if (refusal !== undefined) return <>{page(refusal)}</>;
  return (
    <main class="notice" aria-busy="true">
      <p class="muted">{words.frame.signingIn}</p>
    </main>
  );
}
