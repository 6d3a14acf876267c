/** Who is signed in, by the cookie that only the server can read. */
import type { Principal } from "../../worker/http/principal.ts";
import { ApiError, client, onSignedOut, read } from "../api.ts";

export const whoIsSignedIn = (): Promise<Principal> => read(client.session.$get());

export function openSession(key: string): Promise<Principal> {
  // The route reads its body by itself, so the typed client knows of none.
  const init = { headers: { "content-type": "application/json" }, body: JSON.stringify({ key }) };
  return read(client.session.$post({}, { init }));
}

export async function closeSession(): Promise<void> {
  const response = await client.session.$delete({ query: {} }).catch(() => null);
  if (!response?.ok) throw new ApiError(response?.status ?? 0, "Not signed out", "The session could not be ended.");
}

export { onSignedOut };
