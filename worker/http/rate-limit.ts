/** Rate limits, by Cloudflare's binding: it counts in each data centre, and costs neither a request nor a row. */

/** Requests in a period of seconds; as in wrangler.toml, which is what counts. */
export const LIMITS = {
  pixel: { requests: 600, seconds: 10 },
  api: { requests: 1_000, seconds: 10 },
} as const;
export type LimitName = keyof typeof LIMITS;

/** A developer's own machine is not limited. */
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/** Whether the sender may go on. `who` is an address for pixels, a key for the API. */
export async function withinLimit(env: Env, name: LimitName, request: Request, who: string | null): Promise<boolean> {
  const address = request.headers.get("cf-connecting-ip");
  if (address === null || LOOPBACK.test(address)) return true;
  const binding = name === "pixel" ? env.PIXEL_LIMIT : env.API_LIMIT;
  const { success } = await binding.limit({ key: who ?? address });
  return success;
}

/** Tells the limit (draft-ietf-httpapi-ratelimit-headers), and when it is used up also for how long. */
export function limitHeaders(name: LimitName, usedUp = false): Record<string, string> {
  const { requests, seconds } = LIMITS[name];
  return {
    "ratelimit-policy": `"${name}";q=${requests};w=${seconds}`,
    ...(usedUp && { ratelimit: `"${name}";r=0;t=${seconds}`, "retry-after": String(seconds) }),
  };
}
