/** An anomaly in words. Pure. */
import { exact, rate, spoken, titled } from "../format.ts";
import { words } from "../words.ts";
import type { Anomaly } from "./query.ts";

/** Singular and plural. */
const NOUNS: Readonly<Record<string, readonly [string, string]>> = words.anomalies.nouns;
/** The form that follows a rate in a sentence. */
const RATES: Record<string, string> = {
  visit_to_registration: words.anomalies.ofVisitsLedToARegistration,
  registration_to_first_deposit: words.anomalies.ofRegistrationsLedToAFirst,
};
const namesOf = (measure: string): readonly [string, string] =>
  NOUNS[measure] ?? words.anomalies.eventsOf(spoken(measure));

/** The measured figure as a heading. */
export const measureText = (measure: string): string =>
  measure in RATES ? titled(measure) : titled(namesOf(measure)[1]);

export const isConversion = ({ kind }: Pick<Anomaly, "kind">): boolean => kind.startsWith("conversion");
export const KINDS: Record<Anomaly["kind"], string> = {
  silence: words.anomalies.silence,
  drop: words.anomalies.drop,
  spike: words.anomalies.spike,
  conversion_drop: words.anomalies.conversionDrop,
  conversion_spike: words.anomalies.conversionSpike,
};

/** `412 visits, expected 900 to 1,300`. */
export function observedText(anomaly: Anomaly): string {
  const { measure, value, expected_low: low, expected_high: high, complete } = anomaly;
  const figure = isConversion(anomaly) ? rate : exact;
  const [one, several] = namesOf(measure);
  const came = isConversion(anomaly)
    ? `${rate(value)} ${RATES[measure] ?? titled(measure)}`
    : words.anomalies.came(value === 0 ? words.anomalies.no : exact(value), value === 1 ? one : several);
  return words.anomalies.expected(
    came,
    complete ? words.anomalies.to(figure(low), figure(high)) : words.anomalies.atLeastByNow(figure(low)),
  );
}
