/** The queue of events, and the queue of dead letters: events that could not be stored. */
import { type Check, dashboard, type Queue, type Step } from "./work.ts";
import { wrangler } from "./wrangler.ts";

export const queuesCheck: Check = {
  name: "queues",
  right: "Queues: Edit",
  async look({ api, account, instance, found }) {
    const findings: string[] = [];
    const known = await Promise.all(
      instance.queues.map(async (name): Promise<[string, Queue | null]> => {
        const queues = await api.get<Queue[]>(`/accounts/${account}/queues?name=${encodeURIComponent(name)}`);
        return [name, queues.find(({ queue_name }) => queue_name === name) ?? null];
      }),
    );
    found.queues = new Map(known);
    for (const [name, queue] of known) {
      // A queue has one consumer: the deployment of a second one fails with code 11004.
      const others = (queue?.consumers ?? [])
        .map(({ script, service }) => script ?? service ?? "a program outside of Workers")
        .filter((script) => script !== instance.worker);
      if (others.length > 0)
        findings.push(
          `The queue ${name} is consumed by ${others[0]} already, and a queue has one consumer: take that consumer away at ${dashboard(account, "workers/queues")}, or give this queue another name in wrangler.toml.`,
        );
    }
    return findings;
  },
};

export const queuesStep: Step = {
  name: "queues",
  would: ({ instance }) =>
    instance.queues.map((name) => `wrangler queues create ${name} (where there is none)`).join("\n"),
  async run({ instance, found }) {
    const missing = instance.queues.filter((name) => !found.queues.get(name));
    for (const name of missing) await wrangler(["queues", "create", name]);
    return missing.length === 0 ? `${instance.queues.join(" and ")} are there` : `made ${missing.join(" and ")}`;
  },
};
