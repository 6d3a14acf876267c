/** The API, typed by the Worker itself, and its errors as one class. */
import { hc } from "hono/client";
import type { ProblemDocument } from "../worker/http/problem.ts";
import type { Api } from "../worker/index.ts";

export const client = hc<Api>(`${location.origin}/api/v1`);

/** Status 0: no answer came at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly title: string;
  constructor(status: number, title: string, detail: string) {
    // The API writes some of them as the rest of a sentence.
    super(detail.charAt(0).toUpperCase() + detail.slice(1));
    this.status = status;
    this.title = title;
  }
}

const unreachable = () =>
  new ApiError(0, "No connection", "The server did not answer. Check the connection, then try again.");

async function problemOf(response: { status: number; json(): Promise<unknown> }): Promise<ApiError> {
  // What stands between here and the Worker may answer with something else than a problem document.
  const problem = (await response.json().catch(() => null)) as Partial<ProblemDocument> | null;
  return new ApiError(
    response.status,
    problem?.title ?? `Error ${response.status}`,
    problem?.detail ?? "The server could not answer this request.",
  );
}

let signedOut: () => void = () => undefined;

/** Called once any answer says that nobody is signed in. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

type Reply<Body> = { ok: boolean; status: number; json(): Promise<Body> };

/** The body of a good answer; an ApiError for anything else. */
export async function read<Body>(asked: Promise<Reply<Body>>): Promise<Body> {
  const response = await asked.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  });
  if (response.ok) {
    return response.json().catch(() => {
      throw unreachable();
    });
  }
  const error = await problemOf(response);
  if (error.status === 401) signedOut();
  throw error;
}
