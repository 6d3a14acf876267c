/** Rate limits, by Cloudflare's binding: it counts in each data centre, and costs neither a request nor a row. */
import { isLoopback, networkOf } from "./address.ts";
import { Problem } from "./problem.ts";

/** Requests in a period of seconds: a copy of the limits in wrangler.toml, which are the ones in force. */
export const LIMITS = {
  pixel: { requests: 600, seconds: 10 },
  api: { requests: 1_000, seconds: 10 },
  sign_in: { requests: 20, seconds: 10 },
} as const;
export type LimitName = keyof typeof LIMITS;

const BINDINGS = {
  pixel: "PIXEL_LIMIT",
  api: "API_LIMIT",
  sign_in: "SIGN_IN_LIMIT",
} as const satisfies Record<LimitName, keyof Env>;

/** Requests without an address have one limit together. Cloudflare gives every request an address. */
const NO_ADDRESS = "none";

/**
 * A developer's own machine is not limited. Headers cannot show that, because without Cloudflare a sender can write any. So
 * a setting must say that the instance runs there, which `npm start` sets.
 */
const isExempt = (env: Env, address: string | null): boolean =>
  env.LOCAL === "1" && (address === null || isLoopback(address));

/** Whether the sender may go on. `who` is a key for the API; else it is the address. */
export async function withinLimit(env: Env, name: LimitName, request: Request, who: string | null): Promise<boolean> {
  const address = request.headers.get("cf-connecting-ip");
  if (isExempt(env, address)) return true;
  const { success } = await env[BINDINGS[name]].limit({ key: who ?? networkOf(address) ?? NO_ADDRESS });
  return success;
}

/** Headers with the limit (draft-ietf-httpapi-ratelimit-headers), and how long it lasts once it is used up. */
export function limitHeaders(name: LimitName, usedUp = false): Record<string, string> {
  const { requests, seconds } = LIMITS[name];
  return {
    "ratelimit-policy": `"${name}";q=${requests};w=${seconds}`,
    ...(usedUp && { ratelimit: `"${name}";r=0;t=${seconds}`, "retry-after": String(seconds) }),
  };
}

/** Prevents that keys, tokens and passwords are guessed: an address may try a few. */
export async function limitSignIn(env: Env, request: Request): Promise<void> {
  if (await withinLimit(env, "sign_in", request, null)) return;
  throw new Problem(429, "Too many tries to sign in from this address.", { headers: limitHeaders("sign_in", true) });
}
