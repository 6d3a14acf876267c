/** Requests to the instance, with a timeout. */

const PATIENCE_MS = 20_000;

export type Answer = {
  status: number;
  headers: Headers;
  /** The JSON of the answer; null where it is no JSON. */
  body: unknown;
  /** Epoch milliseconds of this machine. */
  asked_at: number;
  answered_at: number;
};

/** Thrown where no answer came. The message says why, in words. */
export class Unanswered extends Error {}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was broken off",
  ENOTFOUND: "there is no such name",
  EAI_AGAIN: "the name could not be looked up",
  ETIMEDOUT: "it could not be reached in time",
  UND_ERR_SOCKET: "the connection was broken off",
  TimeoutError: `it took longer than ${PATIENCE_MS / 1_000} seconds`,
};

/** Node's fetch has the reason as the cause of its error, and one level deeper where a name has several addresses. */
function reasonOf(error: unknown): string {
  for (let one = error; one instanceof Error; one = one instanceof AggregateError ? one.errors[0] : one.cause) {
    const known = REASONS[(one as NodeJS.ErrnoException).code ?? ""] ?? REASONS[one.name];
    if (known) return known;
    if (one.cause === undefined && !(one instanceof AggregateError)) return one.message;
  }
  return String(error);
}

export async function ask(url: string, headers: Record<string, string>): Promise<Answer> {
  const asked_at = Date.now();
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    const answered_at = Date.now();
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: parsed(text), asked_at, answered_at };
  } catch (error) {
    throw new Unanswered(reasonOf(error));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The text of a problem document, or of any other answer. */
export function detailOf({ status, body }: Answer): string {
  const { detail } = (body ?? {}) as { detail?: string };
  return detail ?? `it answered with the status ${status}`;
}

/** The body of a successful answer; throws the text of another. */
export function bodyOf<Body>(answer: Answer): Body {
  if (answer.status < 200 || answer.status > 299 || answer.body === null) throw new Error(detailOf(answer));
  return answer.body as Body;
}

/** Calls `look` each second until it finds something; null where it finds nothing within the time. */
export async function until<Found>(ms: number, look: () => Promise<Found | null>): Promise<Found | null> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== null || Date.now() >= end) return found;
    await new Promise((next) => setTimeout(next, 1_000));
  }
}
