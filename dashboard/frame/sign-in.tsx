/** Asks for a key and changes it for a session. The address stays, so that one arrives where one wanted to go. */
import { useState } from "preact/hooks";
import type { Principal } from "../../worker/http/principal.ts";
import { ApiError } from "../api.ts";
import { Mark } from "../icons.tsx";
import { openSession } from "./session.ts";

const LOCAL = ["localhost", "127.0.0.1", "[::1]"];

type Asking = {
  signedIn: (principal: Principal) => void;
  /** Why a sign-in link did not do it. */
  refusal: string | null;
};

export function SignIn({ signedIn, refusal }: Asking) {
  const [error, setError] = useState(refusal);
  const [busy, setBusy] = useState(false);
  const submit = async (form: HTMLFormElement) => {
    setBusy(true);
    setError(null);
    try {
      signedIn(await openSession({ key: String(new FormData(form).get("key") ?? "").trim() }));
    } catch (failure) {
      setError(failure instanceof ApiError ? failure.message : String(failure));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <Mark />
        <h1>Sign in to Edgepixel</h1>
        <label for="key">Key</label>
        <input
          id="key"
          name="key"
          class="input"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          aria-describedby={error ? "sign-in-error sign-in-hint" : "sign-in-hint"}
          aria-invalid={error !== null}
        />
        {error && (
          <p id="sign-in-error" class="sign-in-error" role="alert">
            {error}
          </p>
        )}
        <button type="submit" class="button primary" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
        <p id="sign-in-hint" class="muted">
          {LOCAL.includes(location.hostname) ? (
            <>
              On this machine the first key is <code>ADMIN_TOKEN</code> in the file <code>.dev.vars</code>.
            </>
          ) : (
            <>
              A key comes from your administrator. The first one is the secret <code>ADMIN_TOKEN</code> of the Worker.
            </>
          )}
        </p>
      </form>
    </main>
  );
}
