/** Edgepixel's Worker: what it answers, what it consumes, what cron runs each minute, and its Durable Objects. */
import { app } from "./app.ts";
import { eachMinute } from "./cron.ts";
import type { EventMessage } from "./event.ts";
import { consume } from "./event-log/consumer.ts";

export type { Api } from "./app.ts";
export { LiveCounters } from "./live/counters.ts";
export { Meter } from "./meter/meter.ts";
export { Projector } from "./projections/projector.ts";
export { RequestLog } from "./request-log/log.ts";

export default {
  fetch: app.fetch,
  queue: consume,
  scheduled: eachMinute,
} satisfies ExportedHandler<Env, EventMessage>;
