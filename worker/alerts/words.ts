/** Words for sentences about what an alert watches and what it found. */
import type { SeriesName } from "../reports/series/names.ts";
import type { Filter } from "./measure.ts";

const NOUNS: Partial<Record<SeriesName, string>> = {
  visits: "visits",
  registrations: "registrations",
  deposits: "deposits",
  events: "events",
  revenue: "USD of revenue",
};
export const nounOf = (metric: SeriesName, event_type: string | undefined): string =>
  event_type === undefined ? (NOUNS[metric] ?? metric) : `${event_type} events`;

const DAY = 24 * 60;

export function lengthOf(minutes: number): string {
  const withNoun = (count: number, noun: string) => (count === 1 ? noun : `${count} ${noun}s`);
  if (minutes % DAY === 0) return withNoun(minutes / DAY, "day");
  return minutes % 60 === 0 ? withNoun(minutes / 60, "hour") : withNoun(minutes, "minute");
}

/** Such as ` of tag aff-x from DE`, with a blank before it; empty where all events are watched. */
export function whose({ banner_tags, segment_id, country, device, app_id }: Filter): string {
  const parts = [
    banner_tags && `of ${banner_tags.length === 1 ? "tag" : "tags"} ${banner_tags.join(", ")}`,
    segment_id && `of segment ${segment_id}`,
    country && `from ${country}`,
    device && `by ${device}`,
    app_id && `in ${app_id}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : ` ${parts.join(" ")}`;
}

export const figure = (value: number, metric?: SeriesName): string =>
  metric === "conversion_rate"
    ? `${(100 * value).toFixed(1)} %`
    : value.toLocaleString("en", { maximumFractionDigits: 2 });
