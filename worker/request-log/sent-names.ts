/** Under which names a request sent its values: our names, their aliases, and other products' names for our fields. */

import { ALIASES } from "../event.ts";
import { type Lookalike, likeness } from "../lookalike.ts";

export type Sent = Readonly<Record<string, unknown>>;

export function sentValue(sent: Sent, field: string): unknown {
  const name = [field, ...Object.keys(ALIASES).filter((alias) => ALIASES[alias] === field)].find((known) =>
    Object.hasOwn(sent, known),
  );
  return name === undefined ? undefined : sent[name];
}

/** The keys in which GA4, Segment, PostHog, AppsFlyer, Amplitude, Meta and TikTok put the fields of an event. */
const CONTAINERS =
  "properties params traits context eventValue event_value user_properties event_properties user user_data custom_data events batch".split(
    " ",
  );

const asText = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

/** Names that were sent, also those inside of other products' containers, which the log keeps as text. */
function* sentNames(sent: Sent): Generator<string> {
  const holds = (name: string) => CONTAINERS.includes(name) && /^[{["\s]*[{[]/.test(asText(sent[name]));
  yield* Object.keys(sent).filter((name) => !holds(name));
  for (const container of CONTAINERS.filter((name) => sent[name])) {
    for (const [, name] of asText(sent[container]).matchAll(/"([^"\\]{1,60})"\s*:/g)) yield `${container}.${name}`;
  }
}

/** Of the sent names that we do not know, the one that most likely means this field. */
export function sentAs(sent: Sent, field: Lookalike): string | undefined {
  const knownNames = [field, ...Object.keys(ALIASES)] as string[];
  const likely = [...sentNames(sent)].flatMap((name) => {
    const place = knownNames.includes(name) ? null : likeness(name.split(".").at(-1) as string, field);
    return place === null ? [] : [{ name, place }];
  });
  return likely.sort((one, other) => one.place - other.place)[0]?.name;
}
