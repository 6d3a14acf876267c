/** The API as whoever calls it sees it: through the Worker, as the administrator unless other headers are given. */
import { SELF } from "cloudflare:test";
import { ADMIN } from "./keys.ts";

export const HOST = "https://edgepixel.example";

/** `path` is below `/api/v1`, and begins with a slash. */
export const call = (method: string, path: string, body?: unknown, headers: HeadersInit = ADMIN): Promise<Response> =>
  SELF.fetch(`${HOST}/api/v1${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

/** The body of a call that must go well; null where its answer has none. */
export async function answerOf<Answer>(
  method: string,
  path: string,
  body?: unknown,
  headers?: HeadersInit,
): Promise<Answer> {
  const response = await call(method, path, body, headers);
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (response.status === 204 ? null : response.json()) as Promise<Answer>;
}

export const read = <Answer>(path: string, headers?: HeadersInit): Promise<Answer> =>
  answerOf<Answer>("GET", path, undefined, headers);
