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

/**
 * Other allowances of a plan, for a day where the name says so, as of November 2026. Each is from
 * https://developers.cloudflare.com/: workers/platform/limits/ (CPU time), queues/platform/limits/ and
 * queues/platform/pricing/ (retention, operations), d1/platform/pricing/ (rows; days are UTC's), d1/platform/limits/
 * (the size of a database). Null: paid by use.
 */
export const ALLOWANCES = {
  free: {
    cpu_ms: 10,
    requests_a_day: 100_000,
    queue_retention_hours: 24,
    queue_operations_a_day: 10_000,
    rows_written_a_day: 100_000,
    rows_read_a_day: 5_000_000,
    database_megabytes: 500,
  },
  paid: {
    cpu_ms: 30_000,
    requests_a_day: null,
    queue_retention_hours: 96,
    queue_operations_a_day: null,
    rows_written_a_day: null,
    rows_read_a_day: null,
    database_megabytes: 10_000,
  },
} as const satisfies Record<Plan, Record<string, number | null>>;
export type Limits = { queries: number; subrequests: number };

/** The var `PLAN` of wrangler.toml. Whatever is not `paid` counts as the smaller plan. */
export const planOf = (env: Pick<Env, "PLAN">): Plan => (env.PLAN === "paid" ? "paid" : "free");
