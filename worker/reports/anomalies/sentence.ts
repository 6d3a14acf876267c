/** An anomaly in one plain sentence. */
import { CONVERSIONS } from "./series.ts";
import type { Anomaly } from "./verdict.ts";

const NOUNS: Record<string, string> = {
  visit: "visits",
  registration: "registrations",
  deposit: "deposits",
  install: "installs",
  purchase: "purchases",
  withdrawal: "withdrawals",
  refund: "refunds",
  spin: "spins",
};
const noun = (type: string) => NOUNS[type] ?? `${type} events`;

const whole = (count: number) => Math.round(count).toLocaleString("en");
const percent = (rate: number) => `${(100 * rate).toFixed(1)} %`;
const range = (low: number, high: number, show: (figure: number) => string) => `${show(low)} to ${show(high)}`;

/** `hour` is the hour up to which a day that is not over was judged; null where the day is over. */
export function sentenceOf(anomaly: Anomaly, event_date: string, hour: number | null): string {
  const { measure, banner_tag, days, value, expected_low: low, expected_high: high } = anomaly;
  const whose = banner_tag === null ? "All tags" : `Tag ${banner_tag}`;
  const when =
    hour !== null
      ? `today until ${hour}:00`
      : days > 1
        ? `in the ${days} days up to ${event_date}`
        : `on ${event_date}`;
  const step = CONVERSIONS.find((one) => one.measure === measure);
  if (step) {
    return `${whose}: ${percent(value)} of ${noun(step.of)} led to a ${step.to} ${when}, where ${range(low, high, percent)} were expected.`;
  }
  // For a day that is not over, it is certain only that more should have come.
  const expected = hour === null ? range(low, high, whole) : `at least ${whole(low)}`;
  const came = value === 0 ? "no" : hour === null ? whole(value) : `only ${whole(value)}`;
  return `${whose}: ${came} ${noun(measure)} ${when}, where ${expected} were expected.`;
}
