/** A pixel's parameters as the fields of its event: what the live pixels and old access logs have in common. */
import { isMacro } from "../placeholder.ts";
import { hostOf } from "./sender.ts";

/**
 * The path has the type; a parameter may repeat it, but not name another one. `sig` is about the request, not about the
 * event.
 */
export const fieldsOf = (event_type: string, sent: Iterable<[string, unknown]>): [string, unknown][] => [
  ["event_type", event_type],
  ...[...sent].filter(([name, value]) => name !== "sig" && !(name === "event_type" && value === event_type)),
];

const NO_SITE = "-";
const HOST = /^(?:[a-z\d-]+\.[a-z\d.-]+|localhost)(?::\d+)?$/i;

/** The host of a page's address, or of a host alone. Null: it is another text, which is kept as further data. */
const siteIn = (text: string): string | null =>
  isMacro(text) ? null : hostOf(HOST.test(text) ? `https://${text}` : text.includes("://") ? text : null);

/**
 * What a pixel says of the page that led to its site, and its other parameters. The host is null where no other site led to
 * it, and undefined where the pixel does not say: then only the sending page is known.
 */
export function referrerIn(sent: readonly [string, unknown][]): {
  host: string | null | undefined;
  others: [string, unknown][];
} {
  const [referrer, again] = sent.filter(([name]) => name === "referrer");
  const value = again === undefined ? referrer?.[1] : undefined;
  const others = [...sent];
  if (typeof value !== "string" || value === "") return { host: undefined, others };
  const host = value === NO_SITE ? null : (siteIn(value) ?? undefined);
  return { host, others: host === undefined ? others : others.filter(([name]) => name !== "referrer") };
}
