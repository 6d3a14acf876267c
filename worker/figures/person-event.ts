/** An event as it is stored with its person: what figures are counted from, with names as numbers of the project's dictionary. */
import { Reader, Writer } from "./numbers.ts";

export type PersonEvent = {
  seq: number;
  /** Epoch milliseconds. */
  at: number;
  event_id: string;
  event_type: number;
  /** The tag that the event names; 0 where it names none. */
  banner_tag: number;
  app_id: number;
  country: number;
  device: number;
  platform: number;
  /** 0 where there is no amount. */
  currency: number;
  /** 1/10,000 units of the currency. */
  amount: number;
  /** Days since 1970, in the project's time zone, and the hour, 0 to 23. */
  date: number;
  hour: number;
  /** The visitor, where the event names no player; otherwise empty. */
  visitor_id: string;
};

const NUMBERS = [
  "seq",
  "at",
  "event_type",
  "banner_tag",
  "app_id",
  "country",
  "device",
  "platform",
  "currency",
  "amount",
  "date",
  "hour",
] as const satisfies readonly (keyof PersonEvent)[];

const writer = new Writer();

/** Events as text. Each is complete, so more can be appended. */
export function eventsText(events: readonly PersonEvent[]): string {
  writer.begin();
  for (const event of events) {
    for (const field of NUMBERS) writer.whole(event[field]);
    writer.string(event.event_id);
    writer.string(event.visitor_id);
  }
  return writer.take();
}

export function readEvents(text: string): PersonEvent[] {
  const events: PersonEvent[] = [];
  for (const reader = new Reader(text); reader.more; ) {
    const numbers = Object.fromEntries(NUMBERS.map((field) => [field, reader.whole()]));
    events.push({
      ...(numbers as Record<(typeof NUMBERS)[number], number>),
      event_id: reader.string(),
      visitor_id: reader.string(),
    });
  }
  return events;
}

/** By time, and by id where the times are equal, so the order does not depend on which event arrived first. */
export const inOrder = (one: PersonEvent, other: PersonEvent): number =>
  one.at - other.at || (one.event_id < other.event_id ? -1 : one.event_id > other.event_id ? 1 : 0);
