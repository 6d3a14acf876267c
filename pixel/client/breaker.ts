/** The circuit breaker, and how long to pause after a failure. Pure: the time and random numbers are passed in. */

/** `closed`: sends. `open`: pauses. `half-open`: one request finds out whether to close again. */
export type BreakerState = "closed" | "open" | "half-open";
export type Breaker = {
  readonly state: BreakerState;
  /** Failures in a row. */
  readonly failures: number;
  /** How often it opened since it was last closed. */
  readonly openings: number;
};
export type BreakerPolicy = {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds; doubled at each further opening, up to the longest. */
  readonly coolDown: number;
  readonly longestCoolDown: number;
};
/** Milliseconds. */
export type BackOffPolicy = { readonly first: number; readonly longest: number };
export type Policy = BreakerPolicy & BackOffPolicy;

export const CLOSED: Breaker = { state: "closed", failures: 0, openings: 0 };

export function fail({ state, failures, openings }: Breaker, policy: BreakerPolicy): Breaker {
  const next = { state, failures: failures + 1, openings };
  const opens = state === "half-open" || (state === "closed" && next.failures >= policy.failures);
  return opens ? { ...next, state: "open", openings: openings + 1 } : next;
}

export const coolDown = (breaker: Breaker): Breaker =>
  breaker.state === "open" ? { ...breaker, state: "half-open" } : breaker;

/** An hour, even if the server asks for more: a timer of more than 24 days would fire at once. */
const LONGEST_PAUSE = 3_600_000;

/** Milliseconds until the next request. `asked` is the time that the server asked for; the random part is added to it. */
export function pause(
  { state, failures, openings }: Breaker,
  asked: number,
  policy: Policy,
  random: () => number,
): number {
  const ceiling = Math.min(policy.longest, policy.first * 2 ** (failures - 1));
  const least = state === "open" ? Math.min(policy.longestCoolDown, policy.coolDown * 2 ** (openings - 1)) : 0;
  return Math.min(LONGEST_PAUSE, Math.max(asked, least) + random() * (state === "open" ? policy.first : ceiling));
}
