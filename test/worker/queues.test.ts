/** The Worker has a consumer for each queue in wrangler.toml. */
import { createExecutionContext, createMessageBatch, env, getQueueResult } from "cloudflare:test";
import { expect, it } from "vitest";
import { consume } from "../../worker/event-log/consumer.ts";
import worker from "../../worker/index.ts";
import { consumerOf } from "../../worker/queues.ts";
import config from "../../wrangler.toml?raw";

const consumed = [...config.matchAll(/^\[\[queues\.consumers\]\]\nqueue = "(.+)"$/gm)].map(([, name = ""]) => name);

it("each queue that is consumed has a consumer, in a deployment with another name, too", () => {
  expect(consumed.length).toBeGreaterThan(0);
  for (const queue of consumed) {
    expect(consumerOf(queue), queue).toBe(consume);
    expect(consumerOf(queue.replace("edgepixel", "edgepixel-staging")), queue).toBe(consume);
  }
});

it("messages of a queue without a consumer are not read as events", async () => {
  const batch = createMessageBatch("edgepixel-letters", [
    { id: "m", timestamp: new Date(), attempts: 1, body: { events: [] } },
  ]);
  await expect(async () => worker.queue(batch, env)).rejects.toThrow("Nothing consumes the queue edgepixel-letters");
  expect((await getQueueResult(batch, createExecutionContext())).explicitAcks).toEqual([]);
});
