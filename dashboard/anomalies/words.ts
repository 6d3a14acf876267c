/** An anomaly in words. Pure. */
import { exact, rate, words } from "../format.ts";
import type { Anomaly } from "./query.ts";

const NOUNS: Record<string, string> = {
  visit: "visits",
  registration: "registrations",
  deposit: "deposits",
  purchase: "purchases",
  refund: "refunds",
  withdrawal: "withdrawals",
  visit_to_registration: "registrations per visit",
  registration_to_first_deposit: "first deposits per registration",
};
export const measureText = (measure: string): string => NOUNS[measure] ?? `${words(measure).toLowerCase()} events`;

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
  const { measure, value, expected_low: low, expected_high: high, complete, kind } = anomaly;
  const figure = isConversion(anomaly) ? rate : exact;
  const came = kind === "silence" ? "Silence: no" : figure(value);
  const so = complete ? `${figure(low)} to ${figure(high)}` : `at least ${figure(low)} by now`;
  return `${came} ${measureText(measure)}, expected ${so}`;
}
