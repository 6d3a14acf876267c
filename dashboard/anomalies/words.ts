/** An anomaly in words. Pure. */
import { exact, rate, words } from "../format.ts";
import type { Anomaly } from "./query.ts";

/** One of them, and several. */
const NOUNS: Record<string, readonly [string, string]> = {
  visit: ["visit", "visits"],
  registration: ["registration", "registrations"],
  deposit: ["deposit", "deposits"],
  purchase: ["purchase", "purchases"],
  refund: ["refund", "refunds"],
  withdrawal: ["withdrawal", "withdrawals"],
};
/** As they stand behind a rate. */
const RATES: Record<string, string> = {
  visit_to_registration: "of visits led to a registration",
  registration_to_first_deposit: "of registrations led to a first deposit",
};
const namesOf = (measure: string) => {
  const type = words(measure).toLowerCase();
  return NOUNS[measure] ?? [`${type} event`, `${type} events`];
};

/** What is measured, as a heading. */
export const measureText = (measure: string): string =>
  measure in RATES ? words(measure) : words(namesOf(measure)[1]);

export const isConversion = ({ kind }: Pick<Anomaly, "kind">): boolean => kind.startsWith("conversion");
export const KINDS: Record<Anomaly["kind"], string> = {
  silence: "Silence",
  drop: "Drop",
  spike: "Spike",
  conversion_drop: "Conversion drop",
  conversion_spike: "Conversion spike",
};

/** `412 visits, expected 900 to 1,300`. */
export function observedText(anomaly: Anomaly): string {
  const { measure, value, expected_low: low, expected_high: high, complete } = anomaly;
  const figure = isConversion(anomaly) ? rate : exact;
  const [one, several] = namesOf(measure);
  const came = isConversion(anomaly)
    ? `${rate(value)} ${RATES[measure] ?? words(measure)}`
    : `${value === 0 ? "No" : exact(value)} ${value === 1 ? one : several}`;
  return `${came}, expected ${complete ? `${figure(low)} to ${figure(high)}` : `at least ${figure(low)} by now`}`;
}
