import { isLocal } from "../instance.ts";
import { ask } from "./ask.ts";
import type { Place } from "./check.ts";

/** The key is sent only to the API: pixels and /health need none. */
export function placeAt(url: URL, key: string | undefined): Place {
  const authorization: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
  return {
    url: url.origin,
    local: isLocal(url),
    key,
    ask: (path, headers) => ask(`${url.origin}${path}`, { ...(path.startsWith("/api/") && authorization), ...headers }),
  };
}
