/**
 * List prices in USD, without taxes, as the named pages had them in late 2026: Cloudflare's, and what other trackers bill for
 * further events.
 */

/** Of a resource: the price of a million beyond what the paid plan includes in a month, and what the free plan has in a day. */
export type Price = { a_million: number; included: number; free_a_day: number };

/** The paid plan, a month: https://developers.cloudflare.com/workers/platform/pricing/ */
export const PAID_PLAN = 5;

export const PRICES = {
  /** https://developers.cloudflare.com/workers/platform/pricing/ */
  requests: { a_million: 0.3, included: 10e6, free_a_day: 100_000 },
  /** https://developers.cloudflare.com/queues/platform/pricing/ */
  "queue operations": { a_million: 0.4, included: 1e6, free_a_day: 10_000 },
  /** https://developers.cloudflare.com/d1/platform/pricing/ */
  "rows written": { a_million: 1, included: 50e6, free_a_day: 100_000 },
  "rows read": { a_million: 0.001, included: 25e9, free_a_day: 5e6 },
  /** https://developers.cloudflare.com/durable-objects/platform/pricing/ */
  "object requests": { a_million: 0.15, included: 1e6, free_a_day: 100_000 },
  "object rows written": { a_million: 1, included: 50e6, free_a_day: 100_000 },
} as const satisfies Record<string, Price>;
export type Resource = keyof typeof PRICES;

/** A million further events a month, from the smallest plan that names a price for them to the largest. */
export const PEERS: { name: string; a_million: [most: number, least: number]; source: string }[] = [
  { name: "Voluum", a_million: [70, 50], source: "https://doc.voluum.com/article/what-is-an-event-in-voluum" },
  {
    name: "ClickFlare",
    a_million: [40, 15],
    source: "https://help.clickflare.io/en/tracking/understanding-click-flare-events",
  },
  {
    name: "PostHog, up to 50 million events",
    a_million: [50, 29.5],
    source: "https://flexprice.io/blog/posthog-pricing-guide",
  },
];
