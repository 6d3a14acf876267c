/** What waits to be sent, and how much of it goes into one request. */

export type Item = {
  /** The event as JSON, made once: what is sent again is the same, whatever became of the object. */
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
export const bodyOf = (items: readonly Item[]): string => `{"events":[${items.map(({ json }) => json)}]}`;

const ENVELOPE = 13;
/** Bytes of the body; each event brings its comma, so this is one too many. */
export const sizeOf = (items: readonly Item[]): number => items.reduce((sum, { bytes }) => sum + bytes + 1, ENVELOPE);

/** The first items that fit: one at least where there is any. */
export function take(items: readonly Item[], most: number, bytes: number): Item[] {
  let size = ENVELOPE;
  const end = items.findIndex((item, index) => {
    size += item.bytes + 1;
    return index >= most || (index > 0 && size > bytes);
  });
  return items.slice(0, end < 0 ? items.length : end);
}
