/**
 * What one invocation may ask of Cloudflare, by plan, as of November 2026.
 * D1 queries: https://developers.cloudflare.com/d1/platform/limits/ ("Queries per Worker invocation").
 * Subrequests: https://developers.cloudflare.com/workers/platform/limits/ ("Subrequests"). Calls of D1, R2, queues and
 * Durable Objects are subrequests, too.
 */
export const PLANS = {
  free: { queries: 50, subrequests: 50 },
  paid: { queries: 1_000, subrequests: 10_000 },
} as const;

export type Plan = keyof typeof PLANS;
export type Limits = { queries: number; subrequests: number };

/** The var `PLAN` of wrangler.toml. Whatever is not `paid` counts as the smaller plan. */
export const planOf = (env: Pick<Env, "PLAN">): Plan => (env.PLAN === "paid" ? "paid" : "free");
