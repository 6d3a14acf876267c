/** Asks for a key and exchanges it for a session. The address stays, so that the requested page opens afterwards. */
import { useState } from "preact/hooks";
import type { Principal } from "../../worker/http/principal.ts";
import { ApiError } from "../api.ts";
import { Mark } from "../icons.tsx";
import { words } from "../words.ts";
import { openSession } from "./session.ts";

const LOCAL = ["localhost", "127.0.0.1", "[::1]"];

type Asking = {
  signedIn: (principal: Principal) => void;
  /** Why a sign-in link failed. */
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
        <h1>{words.frame.signInToEdgepixel}</h1>
        <label for="key">{words.frame.key}</label>
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
          {busy ? words.frame.signingIn : words.frame.signIn}
        </button>
        <p id="sign-in-hint" class="muted">
          {LOCAL.includes(location.hostname)
            ? words.frame.onThisMachineTheFirstKeyIs(<code>ADMIN_TOKEN</code>, <code>.dev.vars</code>)
            : words.frame.aKeyComesFromYour(<code>ADMIN_TOKEN</code>)}
        </p>
      </form>
    </main>
  );
}
