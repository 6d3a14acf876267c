/** What the form of an alert holds, as the API takes it. */
import type { Filled } from "../act/form.tsx";
import { linesOf } from "../act/form.tsx";

/** What is watched, as one chooses it. */
export const WATCHED = {
  silence: "No event",
  below: "Figure below",
  above: "Figure above",
  fall: "Fall in %",
  rise: "Rise in %",
  anomaly: "Anomalies",
  rejections: "Rejections above",
  dead_letters: "Failed events above",
  postbacks: "Failing postbacks",
  rates: "Exchange rates",
  archive: "Archive",
  projections: "Figures behind",
  plan: "Plan in %",
} as const;

const METRIC = /^(?:visits|registrations|deposits|events|revenue|conversion_rate)$/;

export function conditionOf({ kind, of = "", number, minutes, banner_tags }: Filled): object {
  const tags = linesOf(banner_tags);
  const whose = tags.length > 0 ? { banner_tags: tags } : {};
  const [value, length] = [Number(number), Number(minutes)];
  const figure = METRIC.test(of) ? { metric: of } : { metric: "events", event_type: of };
  const measured = { ...figure, ...whose, minutes: length };
  if (kind === "silence") return { kind, event_type: of, minutes: length, ...whose };
  if (kind === "below" || kind === "above") return { kind: "threshold", comparison: kind, value, ...measured };
  if (kind === "fall" || kind === "rise") return { kind: "change", direction: kind, percent: value, ...measured };
  if (kind === "anomaly") return { kind, severity: "high", ...whose };
  if (kind === "rejections") return { kind, above: value, hours: Math.ceil(length / 60) };
  if (kind === "dead_letters") return { kind, above: value };
  return kind === "plan" ? { kind, percent: value } : { kind };
}
