/** Edgepixel's Worker: what it answers, what it consumes, what cron runs each minute, and its Durable Objects. */
import { app } from "./app.ts";
import type { EventMessage } from "./event.ts";
import { consume } from "./event-log/consumer.ts";
import { wakeProjectors } from "./projections/projector.ts";
import { refreshRatesWhenDue } from "./rates/feed.ts";

export type { Api } from "./app.ts";
export { LiveCounters } from "./live/counters.ts";
export { Projector } from "./projections/projector.ts";
export { RequestLog } from "./request-log/log.ts";

export default {
  fetch: app.fetch,
  queue: consume,
  scheduled: async ({ scheduledTime }, env) => {
    await Promise.all([wakeProjectors(env), refreshRatesWhenDue(env, scheduledTime)]);
  },
} satisfies ExportedHandler<Env, EventMessage>;
