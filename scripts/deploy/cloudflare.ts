/** Cloudflare's REST API, where Wrangler has no command: it reads the state of an account before anything is changed. */

/** The same variable as Wrangler's: https://developers.cloudflare.com/workers/wrangler/system-environment-variables/ */
const BASE = process.env.CLOUDFLARE_API_BASE_URL ?? "https://api.cloudflare.com/client/v4";
const PATIENCE_MS = 60_000;

type Envelope<Result> = { success: boolean; result: Result; errors?: { code: number; message: string }[] };

/** An error that the API answered. Its code is 0 where the API gave none. */
export class ApiError extends Error {
  readonly code: number;
  readonly status: number;
  constructor(message: string, code: number, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export type Credentials =
  | { type: "api_token" | "oauth"; token: string }
  | { type: "api_key"; key: string; email: string };

const headersOf = (credentials: Credentials): Record<string, string> =>
  credentials.type === "api_key"
    ? { "x-auth-key": credentials.key, "x-auth-email": credentials.email }
    : { authorization: `Bearer ${credentials.token}` };

export type Api = {
  get<Result>(path: string, headers?: Record<string, string>): Promise<Result>;
  post<Result>(path: string, body: unknown): Promise<Result>;
};

export function apiWith(credentials: Credentials): Api {
  async function call<Result>(path: string, init: RequestInit): Promise<Result> {
    const answer = await fetch(BASE + path, {
      ...init,
      headers: { ...headersOf(credentials), ...init.headers },
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch((error: Error) => {
      const cause = error.cause instanceof Error ? error.cause.message : error.message;
      throw new ApiError(`${new URL(BASE).host} could not be reached: ${cause}`, 0, 0);
    });
    const text = await answer.text();
    const body = parsed<Envelope<Result>>(text);
    if (answer.ok && body?.success) return body.result;
    const [error] = body?.errors ?? [];
    throw new ApiError(error?.message ?? `answered ${answer.status}`, error?.code ?? 0, answer.status);
  }
  return {
    get: (path, headers = {}) => call(path, { headers }),
    post: (path, body) =>
      call(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  };
}

function parsed<Body>(text: string): Body | null {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return null;
  }
}

/** The answer, or null where the API answers with one of these codes, which say that there is none. */
export async function orNull<Result>(asked: Promise<Result>, ...codes: number[]): Promise<Result | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && codes.includes(error.code)) return null;
    throw error;
  }
}

/**
 * Whether the login or token lacks the right. 10000 and 9109 are refused credentials or rights; 7403 is D1's code for an
 * account that they do not reach.
 */
export const isRefused = (error: unknown): boolean =>
  error instanceof ApiError &&
  ([10_000, 9_109, 7_403].includes(error.code) || error.status === 401 || error.status === 403);
