/** Events that wait to be sent, and how many of them a request takes. */

export type Item = {
  /** The event as JSON, made once, so that a retry sends the same even if the object has changed. */
  readonly json: string;
  readonly bytes: number;
  readonly sequence: number;
  readonly at: number;
  /** Part of a request that has no answer yet. */
  busy: boolean;
  /** Part of a request that failed. */
  tried: boolean;
  /** Accepted, refused or dropped. */
  settled: boolean;
};

export const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
/** Each event says when it was sent, so that the server knows its age even if this clock is wrong. */
const sent = (json: string, now: number): string => `${json.slice(0, -1)},"sent_at":${now}}`;
/** The bytes that `sent_at` adds to an event; its time has 13 digits from 2001 to 2286. */
export const SENT_AT_BYTES = sent("{}", 1e12).length - 2;
export const bodyOf = (items: readonly Item[], now: number): string =>
  `{"events":[${items.map(({ json }) => sent(json, now))}]}`;

const ENVELOPE = 13;
/** Bytes of the body, and one more: a comma is counted for each event, also for the last. */
export const sizeOf = (items: readonly Item[]): number => items.reduce((sum, { bytes }) => sum + bytes + 1, ENVELOPE);

/** The first items that fit; at least one where there is any. */
export function take(items: readonly Item[], most: number, bytes: number): Item[] {
  let size = ENVELOPE;
  const end = items.findIndex((item, index) => {
    size += item.bytes + 1;
    return index >= most || (index > 0 && size > bytes);
  });
  return items.slice(0, end < 0 ? items.length : end);
}
