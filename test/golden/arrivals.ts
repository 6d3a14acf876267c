/** The orders in which the golden events arrive: as they were sent, and with their batches in any order. */
import type { StoredEvent } from "../../worker/event.ts";
import { shuffled } from "./chance.ts";
import { goldenEvents, inBatches } from "./traffic.ts";

/** Splits events into batches of 1 to 500, as the queue delivers them. */
export const ARRIVALS = {
  sent: (): StoredEvent[][] => inBatches(goldenEvents()),
  shuffled: (): StoredEvent[][] => shuffled(inBatches(goldenEvents()), 5),
};
export type Arrival = keyof typeof ARRIVALS;
