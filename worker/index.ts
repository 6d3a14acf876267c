/**
 * Edgepixel's Worker: its handlers for requests, queues and cron, and its Durable Objects. Code that uses bindings gets them
 * here, or in an alarm of Runner, together with a budget; the other objects have no budget.
 */
import { app } from "./app.ts";
import { eachMinute } from "./cron.ts";
import { consumerOf } from "./queues.ts";
import { metered } from "./store/budget.ts";

export type { Api } from "./app.ts";
export { Meter } from "./meter/meter.ts";
export { Intake } from "./queue/intake.ts";
export { LiveCounters } from "./reports/listening.ts";
export { RequestLog } from "./request-log/log.ts";
export { Runner } from "./runner.ts";

export default {
  fetch: (request: Request, env: Env, context: ExecutionContext) =>
    app.fetch(request, metered(env, "request").env, context),
  queue: (batch: MessageBatch, env: Env) => consumerOf(batch.queue)(batch, metered(env, batch.queue).env),
  scheduled: (controller: ScheduledController, env: Env) => eachMinute(controller, metered(env, "cron").env),
} satisfies ExportedHandler<Env>;
