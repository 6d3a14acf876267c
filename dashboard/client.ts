/**
 * The typed client of the API: its types are Hono's, from the Worker's routes; its code is a small part of Hono's client,
 * which would be a twentieth of the page.
 */
import type { hc } from "hono/client";
import type { Api } from "../worker/index.ts";

export type Client = ReturnType<typeof hc<Api>>;

/** The body of a call. A form has texts, so it may pass a wrong value: the server names each wrong field. */
export type BodyOf<Call> = Call extends (args: infer Args, ...rest: never[]) => unknown
  ? Args extends { json: infer Body }
    ? Body
    : never
  : never;

type Given = {
  query?: Record<string, string | string[] | undefined>;
  param?: Record<string, string>;
  json?: unknown;
};

/** `client.players[":player_id"].$get({ param, query }, { init })`; `$url` gives the address instead of asking. */
export function clientOf(base: string, headers: () => Record<string, string>): Client {
  const at = (path: readonly string[]): unknown =>
    new Proxy(() => undefined, {
      get: (_, name: string) => at([...path, name]),
      apply: (
        _,
        __,
        [{ query = {}, param = {}, json } = {}, { init = {} } = {}]: [Given?, { init?: RequestInit }?],
      ) => {
        const parts = path
          .slice(0, -1)
          // A parameter of a route may have a pattern: `:id{[0-9]+}`.
          .map((part) => (part[0] === ":" ? encodeURIComponent(param[part.slice(1).replace(/{.*/, "")] ?? "") : part));
        const url = new URL([base, ...parts].join("/"));
        for (const [name, values] of Object.entries(query))
          for (const value of [values ?? []].flat()) url.searchParams.append(name, value);
        const method = path.at(-1)?.slice(1) ?? "";
        if (method === "url") return url;
        return fetch(url, {
          ...init,
          ...(json !== undefined && { body: JSON.stringify(json) }),
          method: method.toUpperCase(),
          headers: {
            ...headers(),
            ...(json !== undefined && { "content-type": "application/json" }),
            ...init.headers,
          } as HeadersInit,
        });
      },
    });
  return at([]) as Client;
}
