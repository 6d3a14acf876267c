/** Sends requests to the Worker's public routes, with other bindings, and in isolates with empty caches. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import { app } from "../../worker/app.ts";
import { findCopy } from "../../worker/sealed-copy.ts";

const HOST = "https://doors.example";

export type Asking = {
  bindings?: Env;
  headers?: Record<string, string>;
  body?: unknown;
  method?: string;
  by?: typeof app;
};
export function ask(
  path: string,
  { bindings = env, headers = {}, body, method, by = app }: Asking = {},
): Promise<Response> {
  const init = { method: method ?? (body === undefined ? "GET" : "POST"), headers };
  const sent = body === undefined ? init : { ...init, body: JSON.stringify(body) };
  return Promise.resolve(by.request(HOST + path, sent, bindings, createExecutionContext()));
}
export const visit = (project_id: string, more = "", asking: Asking = {}) =>
  ask(`/visit?project_id=${project_id}&player_id=p-1&btag=t${more}`, asking);
export const sendSpin = (key: string, asking: Asking = {}, more: object = {}) =>
  ask("/api/v1/events", {
    ...asking,
    body: { event_type: "spin", player_id: "p-1", ...more },
    headers: { authorization: `Bearer ${key}` },
  });

export const guessedKey = (n: number) => `ep_${n.toString(16).padStart(16, "0")}_${"0".repeat(48)}`;

/** The same Worker in an isolate with empty caches. */
export async function coldIsolate(): Promise<typeof app> {
  vi.resetModules();
  return (await import("../../worker/app.ts?cold")).app;
}

/** Waits until copies that are stored in the background exist. */
export const copied = (name: string) =>
  vi.waitFor(async () => expect(await findCopy(env, name, Date.now())).not.toBeNull(), { timeout: 200_000 });
