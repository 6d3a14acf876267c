/** Converts between the form of an alert and a condition of the API. */
import type { AlertView } from "../../worker/admin/alerts.ts";
import type { Filled } from "../act/form.tsx";
import { linesOf } from "../act/form.tsx";
import { words } from "../words.ts";

/** What is watched, as the form offers it. */
export const WATCHED = {
  silence: words.alerts.noEvent,
  below: words.alerts.figureBelow,
  above: words.alerts.figureAbove,
  fall: words.alerts.fallIn,
  rise: words.alerts.riseIn,
  anomaly: words.common.anomalies,
  rejections: words.alerts.rejectionsAbove,
  dead_letters: words.alerts.failedEventsAbove,
  postbacks: words.alerts.failingPostbacks,
  rates: words.common.exchangeRates,
  archive: words.common.archive,
  projections: words.alerts.figuresBehind,
  plan: words.alerts.planIn,
} as const;

/** The fields that the kind uses. */
const FIGURE = /^(?:silence|below|above|fall|rise)$/;
export const asksFor = (kind = "") => ({
  of: FIGURE.test(kind),
  number: /^(?:below|above|fall|rise|rejections|dead_letters|plan)$/.test(kind),
  minutes: FIGURE.test(kind) || kind === "rejections",
  filter: FIGURE.test(kind) || kind === "rejections" || kind === "anomaly",
});

const METRIC = /^(?:visits|registrations|deposits|events|revenue|conversion_rate)$/;

/** Settings without a form field share one text field, such as `country=DE, at_least=5`. */
const furtherOf = (text = "") =>
  Object.fromEntries(
    linesOf(text).map((line) => {
      const [name = "", value = ""] = line.split(/=(.*)/s);
      return [name, name === "at_least" ? Number(value) : value];
    }),
  );

export function conditionOf({ kind, of: measuredFigure = "", number, minutes, banner_tags, further }: Filled): object {
  const tags = linesOf(banner_tags);
  // If a kind accepts no tags, or only one, the server refuses the others.
  const whose = tags[0] && (kind === "rejections" && !tags[1] ? { banner_tag: tags[0] } : { banner_tags: tags });
  const [value, length] = [Number(number), Number(minutes)];
  const figure = METRIC.test(measuredFigure)
    ? { metric: measuredFigure }
    : { metric: "events", event_type: measuredFigure };
  const measured = { ...figure, minutes: length };
  const named = () => {
    if (kind === "silence") return { kind, event_type: measuredFigure, minutes: length };
    if (kind === "below" || kind === "above") return { kind: "threshold", comparison: kind, value, ...measured };
    if (kind === "fall" || kind === "rise") return { kind: "change", direction: kind, percent: value, ...measured };
    if (kind === "anomaly") return { kind, severity: "high" };
    if (kind === "rejections") return { kind, above: value, hours: Math.ceil(length / 60) };
    if (kind === "dead_letters") return { kind, above: value };
    return kind === "plan" ? { kind, percent: value } : { kind };
  };
  return { ...named(), ...whose, ...furtherOf(further) };
}

/** The form's values for a condition: numbers and lists as text. */
export function filledOf(condition: AlertView["condition"]): Filled {
  const { kind, comparison, direction, metric, event_type, value, percent, above, ...others } =
    condition as unknown as Filled;
  const { minutes, hours, banner_tags, banner_tag, ...rest } = others;
  // An event type with the name of a metric is not written as `of`.
  const isType = event_type && (kind === "silence" || !METRIC.test(event_type));
  if (event_type && !isType) rest.event_type = event_type;
  return {
    kind: comparison ?? direction ?? kind,
    of: isType ? event_type : metric,
    number: value ?? percent ?? above,
    minutes: minutes ?? (hours && `${Number(hours) * 60}`),
    banner_tags: `${banner_tags ?? banner_tag ?? ""}`,
    further: Object.entries(rest)
      .map((pair) => pair.join("="))
      .join(", "),
  };
}
