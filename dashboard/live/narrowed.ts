/** Live events that pass the filters, and counts of the tags that do, as far as the largest tags show. Pure. */
import { type Address, fits, hasFields } from "../address.ts";
import type { Counts, StreamedEvent } from "./state.ts";

/** The server sends so many tags of a window, the largest. */
const TOLD = 10;
/** Where there are far too many, it counts them together. */
const OTHERS = "(other)";

type Windows = Counts["windows"];
type Window = Windows["today"];

function narrowed({ banner_tags }: Window, address: Address): Window["by_type"] | null {
  const { banner_tag: named } = address;
  const complete =
    (banner_tags.length < TOLD && banner_tags.every(({ banner_tag }) => banner_tag !== OTHERS)) ||
    (named.length > 0 && named.every((tag) => banner_tags.some(({ banner_tag }) => banner_tag === tag)));
  if (!complete) return null;
  const sums: Window["by_type"] = {};
  for (const { banner_tag, by_type } of banner_tags) {
    if (!fits(address, banner_tag || null)) continue;
    for (const [type, total] of Object.entries(by_type)) sums[type] = (sums[type] ?? 0) + total;
  }
  return sums;
}

/**
 * By type, for each window; null where it cannot be told: there are too many tags, a saved segment says which, or a
 * country, device, app or platform, by which tags are not counted.
 */
export function narrowedWindows(windows: Windows, address: Address): Record<keyof Windows, Window["by_type"]> | null {
  if (address.segment_id !== undefined || hasFields(address)) return null;
  const all = Object.entries(windows).map(([name, window]) => [name, narrowed(window, address)] as const);
  return all.every(([, counts]) => counts !== null)
    ? (Object.fromEntries(all) as Record<keyof Windows, Window["by_type"]>)
    : null;
}

/** The fields of an event in the stream, in addition to its tag. */
const TOLD_OF_EVENTS = ["country", "device", "app_id"] as const;

/** Whether an event passes the filters that name tags, countries, devices and apps. */
export const fitsEvent = (address: Address, event: StreamedEvent): boolean =>
  fits(address, event.banner_tag) &&
  TOLD_OF_EVENTS.every((name) => address[name].length === 0 || address[name].includes(event[name] ?? ""));
