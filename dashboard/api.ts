/** The API, typed by the Worker itself, and its errors as one class. */
import type { Complaint, ProblemDocument } from "../worker/http/problem.ts";
import { clientOf } from "./client.ts";
import { words } from "./words.ts";

/** The token of requests if the page was opened by a share link: only kept here, and never sent together with a cookie. */
let bearer: string | null = null;
export const credential = (): string | null => bearer;
export function askWith(session: string): void {
  bearer = session;
}
const headers = (): Record<string, string> => (bearer === null ? {} : { authorization: `Bearer ${bearer}` });

export const client = clientOf(`${location.origin}/api/v1`, headers);

/** Status 0: there was no answer. `fields` has the error of each field of a form. */
export class ApiError extends Error {
  readonly status: number;
  readonly title: string;
  readonly fields: readonly Complaint[];
  /** The seconds after which the server says to ask again. */
  readonly again: number | undefined;
  constructor(status: number, title: string, detail: string, fields: readonly Complaint[] = [], again?: number) {
    // Some messages of the API are the rest of a sentence.
    super(detail.charAt(0).toUpperCase() + detail.slice(1));
    this.status = status;
    this.title = title;
    this.fields = fields;
    this.again = again;
  }
}

const unreachable = () => new ApiError(0, words.panel.noConnection, words.panel.theServerDidNotAnswerCheck);

async function problemOf(response: Pick<Reply<unknown>, "status" | "headers" | "json">): Promise<ApiError> {
  // A proxy before the Worker may answer with something else than a problem document.
  const problem = (await response.json().catch(() => null)) as Partial<ProblemDocument> | null;
  return new ApiError(
    response.status,
    problem?.title ?? words.panel.error(response.status),
    problem?.detail ?? words.panel.theServerCouldNotAnswer,
    problem?.errors ?? [],
    Number(response.headers.get("retry-after")) || undefined,
  );
}

let signedOut: () => void = () => undefined;

/** Called when an answer says that nobody is signed in. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

export type Reply<Body> = { ok: boolean; status: number; headers: Pick<Headers, "get">; json(): Promise<Body> };

/** How many events an answer lacks, by its body: its figures are older than they may be (worker/reports/freshness.ts). */
const lags = new WeakMap<object, number>();
export const lagOf = (body: unknown): number => (typeof body === "object" && body !== null && lags.get(body)) || 0;

/** The body of a good answer; an ApiError for anything else. */
export async function read<Body>(asked: Promise<Reply<Body>>): Promise<Body> {
  const response = await asked.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  });
  if (response.ok) {
    // Done, without a body.
    if (response.status === 204) return undefined as Body;
    const body = await response.json().catch(() => {
      throw unreachable();
    });
    const lag = Number(response.headers.get("x-lag-events") ?? 0);
    if (lag > 0) lags.set(body as object, lag);
    return body;
  }
  const error = await problemOf(response);
  if (error.status === 401) signedOut();
  throw error;
}

/** A file of the API, whole; an ApiError where there is none. */
export async function readFile(url: string): Promise<Blob> {
  const response = await fetch(url, { headers: headers() }).catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}
