/** Calls the API through the Worker, as the administrator unless other headers are given. */
import { createExecutionContext, SELF, waitOnExecutionContext } from "cloudflare:test";
import worker from "../../worker/index.ts";
import { ADMIN } from "./keys.ts";

export const HOST = "https://edgepixel.example";

const requestOf = (method: string, path: string, body: unknown, headers: HeadersInit): Request =>
  new Request(`${HOST}/api/v1${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });

/** `path` is below `/api/v1`, and begins with a slash. A text is sent as it is, any other body as JSON. */
export const call = (method: string, path: string, body?: unknown, headers: HeadersInit = ADMIN): Promise<Response> =>
  SELF.fetch(requestOf(method, path, body, headers));

export const get = (path: string, headers?: HeadersInit): Promise<Response> => call("GET", path, undefined, headers);

/** Calls the Worker with other bindings, and waits for its work after the answer. */
export async function requestWith(bindings: Env, request: Request): Promise<Response> {
  const context = createExecutionContext();
  const response = await worker.fetch(request, bindings, context);
  await waitOnExecutionContext(context);
  return response;
}

export const callWith = (
  bindings: Env,
  method: string,
  path: string,
  body?: unknown,
  headers: HeadersInit = ADMIN,
): Promise<Response> => requestWith(bindings, requestOf(method, path, body, headers));

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

/** Loads a pixel as a page does, for its status and headers. */
export async function sendPixel(
  path: string,
  fields: Record<string, string> | [string, string][],
  headers: HeadersInit = {},
): Promise<Response> {
  const response = await SELF.fetch(`${HOST}${path}?${new URLSearchParams(fields)}`, { headers });
  await response.body?.cancel();
  return response;
}
