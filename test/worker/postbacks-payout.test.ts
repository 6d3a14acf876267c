/** A target is told what an event pays, once that is computed and never before. */
import { SELF } from "cloudflare:test";
import { sql } from "drizzle-orm";
import { expect, it } from "vitest";
import { runDuty } from "./duty.ts";
import { ADMIN } from "./keys.ts";
import { createProject, db, settle } from "./log.ts";
import { LATER, log, makeTarget, read, received, receiver, sendOnce } from "./receiver.ts";

it("waits for the month of its event", { timeout: 200_000 }, async () => {
  const project_id = "told-of-payouts";
  await createProject(project_id, { currency: "EUR" });
  const rule = { project_id, name: "first deposits", first_deposit: true, amount: "35", valid_from: "2020-01-01" };
  const made = await SELF.fetch("https://payouts.example/api/v1/payout-rules", {
    method: "POST",
    headers: ADMIN,
    body: JSON.stringify(rule),
  });
  expect(made.status).toBe(201);
  const address = await receiver({}, {}, {});
  const target = await makeTarget(project_id, {
    url: `${address}?e={event_id}&p={payout}&c={payout_currency}`,
    event_types: ["deposit", "level_up"],
  });
  const paid = { project_id, amount: 250_000, currency: "EUR" };
  await log({ ...paid, event_id: "first" }, { ...paid, event_id: "second" });
  await log({ project_id, event_id: "unjudged", event_type: "level_up" });
  await settle();
  await read();
  // As if what has come since were still to be computed.
  await db.run(
    sql`UPDATE payout_months SET version = version + 1000, computed = version + 999 WHERE project_id = ${project_id}`,
  );
  const told = async () => (await received(address)).map(({ url }) => url.split("?")[1]).sort();
  expect((await sendOnce(target)).progress).toEqual({ at: LATER + 10_000 });
  expect((await told()).filter((query) => !query?.startsWith("e=unjudged"))).toEqual([]);
  await runDuty("payouts");
  expect((await sendOnce(target, LATER + 10_000)).progress).toBe("done");
  expect(await told()).toEqual(["e=first&p=35.00&c=EUR", "e=second&p=0.00&c=EUR", "e=unjudged&p=&c="]);
});
