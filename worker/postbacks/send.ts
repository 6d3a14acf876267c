/** Sends one postback, and returns the outcome. */
import { refusalOf } from "./address.ts";
import type { PostbackRequest } from "./request.ts";

export const TIMEOUT_MS = 10_000;
const SHOWN_CHARACTERS = 500;
/** A character has four bytes at most. */
const READ_BYTES = 4 * SHOWN_CHARACTERS;
const LOCATION_CHARACTERS = 200;

export type Outcome = {
  /** Whether the other side took it: it answered 2xx. */
  ok: boolean;
  /** Null where no answer came. */
  status: number | null;
  took_ms: number;
  /** How its body begins. */
  response: string;
  error: string | null;
};

/** Counts as a call of the invocation. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Bodies may be endless, or no text: only as much as is shown is read, and the rest is cancelled. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    while (reader && bytes < READ_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // The body broke off or did not end: the status is the answer.
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
  return [...text.replace(/[^\P{Cc}\n\t]/gu, "\ufffd")].slice(0, SHOWN_CHARACTERS).join("");
}

const TIMEOUT = `it did not answer within ${TIMEOUT_MS / 1_000} seconds`;
const isTimeout = (error: unknown) => error instanceof Error && /^(?:Timeout|Abort)Error$/.test(error.name);

function failureOf({ ok, status, headers }: Response): string | null {
  if (ok) return null;
  const location = headers.get("location");
  if (status >= 300 && status < 400)
    return `it answered ${status}: redirects are not followed${location === null ? "" : ` (to ${location.slice(0, LOCATION_CHARACTERS)})`}`;
  return `it answered ${status}`;
}

export async function send(
  fetcher: Fetch,
  { method, url, body, headers }: PostbackRequest,
  local: boolean,
): Promise<Outcome> {
  const began = Date.now();
  const failed = (error: string): Outcome => ({
    ok: false,
    status: null,
    took_ms: Date.now() - began,
    response: "",
    error,
  });
  // Checked again, as the instance may have moved from a developer's machine since the target was made.
  const refusal = refusalOf(new URL(url), { local });
  if (refusal !== null) return failed(`its URL ${refusal}`);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetcher(url, { method, headers, body, redirect: "manual", signal });
    const beginning = await beginningOf(response);
    const error = failureOf(response);
    return { ok: error === null, status: response.status, took_ms: Date.now() - began, response: beginning, error };
  } catch (error) {
    return failed(isTimeout(error) ? TIMEOUT : "it cannot be reached");
  }
}
