/** How events fit into queue messages. A message may have 128 KB, a `sendBatch` 100 messages and 256 KB. */
import type { EventMessage, StoredEvent } from "../event.ts";

/** Bytes of events a message takes; the rest is for its envelope. */
export const MOST_BYTES = 120_000;
export const EVENTS_A_MESSAGE = 100;
const MESSAGES_A_SEND = 100;
const BYTES_A_SEND = 250_000;

export type Measured = { event: StoredEvent; bytes: number };

const encoder = new TextEncoder();

export function measure(event: StoredEvent): Measured {
  return { event, bytes: encoder.encode(JSON.stringify(event)).length + 1 };
}

/** The sends that carry all the events, each a list of messages, in order. */
export function messagesOf(events: readonly Measured[]): EventMessage[][] {
  const sends: EventMessage[][] = [];
  let bytesSent = 0;
  let message: EventMessage = { events: [] };
  let bytes = 0;
  const close = () => {
    if (message.events.length === 0) return;
    const open = sends.at(-1);
    if (!open || open.length === MESSAGES_A_SEND || bytesSent + bytes > BYTES_A_SEND) {
      sends.push([message]);
      bytesSent = bytes;
    } else {
      open.push(message);
      bytesSent += bytes;
    }
    message = { events: [] };
    bytes = 0;
  };
  for (const { event, bytes: size } of events) {
    if (message.events.length === EVENTS_A_MESSAGE || bytes + size > MOST_BYTES) close();
    message.events.push(event);
    bytes += size;
  }
  close();
  return sends;
}
