/** The session, from the cookie that only the server can read. */
import type { Principal } from "../../worker/http/principal.ts";
import { ApiError, client, onSignedOut, read } from "../api.ts";
import { words } from "../words.ts";

export const whoIsSignedIn = (): Promise<Principal> => read(client.session.$get());

export const openSession = (by: { key: string } | { code: string }): Promise<Principal> =>
  read(client.session.$post({ json: by }));

export async function closeSession(): Promise<void> {
  const response = await client.session.$delete({ query: {} }).catch(() => null);
  if (!response?.ok)
    throw new ApiError(response?.status ?? 0, words.frame.notSignedOut, words.frame.theSessionCouldNotBeEnded);
}

export { onSignedOut };
