/** A target gets the payout of an event once it is computed, and never before. */
import { sql } from "drizzle-orm";
import { expect, it, vi } from "vitest";
import { answerOf } from "./api.ts";
import { runDuty } from "./duty.ts";
import { unwoken } from "./gate.ts";
import { createProject, db, settle } from "./log.ts";
import { LATER, log, makeTarget, read, received, receiver, sendAll, sendOnce } from "./receiver.ts";

it("a postback with a payout waits for the month of its event", { timeout: 200_000 }, async () => {
  const project_id = "told-of-payouts";
  await createProject(project_id, { currency: "EUR" });
  const rule = { project_id, name: "first deposits", first_deposit: true, amount: "35", valid_from: "2020-01-01" };
  await answerOf("POST", "/payout-rules", rule);
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
  // As if later events were not computed yet.
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

it("a target gets each status of a conversion once, when a hold is over and when somebody decides", {
  timeout: 200_000,
}, async () => {
  const project_id = "told-of-statuses";
  await createProject(project_id, { currency: "EUR" });
  const decide = (event_id: string, decision: string) =>
    answerOf("POST", `/conversions/${event_id}/${decision}?project_id=${project_id}`, { reason: "looked at" });
  const rule = { project_id, amount: "35", valid_from: "2020-01-01" };
  await answerOf("POST", "/payout-rules", { ...rule, name: "held", hold_days: 1 });
  await answerOf("POST", "/payout-rules", { ...rule, name: "by hand", banner_tags: ["by-hand"] });
  await answerOf("POST", "/click-rules", {
    project_id,
    name: "often",
    kind: "velocity",
    seconds: 60,
    conversions: 1,
    banner_tags: ["flagged"],
    valid_from: "2020-01-01",
  });
  const address = await receiver({}, {}, {}, {}, {}, {}, {});
  const settings = { url: `${address}?e={event_id}&s={status}&p={payout}`, event_types: ["deposit"] };
  const targets = await Promise.all(
    ["approved", "rejected"].map((conversion_status) =>
      makeTarget(project_id, {
        ...settings,
        conversion_status,
        ...(conversion_status === "approved" && { min_amount: "20", currency: "EUR" }),
      }),
    ),
  );
  const DAY = 86_400_000;
  const paid = { project_id, amount: 250_000, currency: "EUR", timestamp: Date.now() - DAY + 3_600_000 };
  await log({ ...paid, event_id: "held" }, { ...paid, event_id: "small", amount: 10_000 });
  await log({ ...paid, event_id: "hand", banner_tag: "by-hand" });
  await log({ ...paid, event_id: "one", banner_tag: "flagged" }, { ...paid, event_id: "two", banner_tag: "flagged" });
  await settle();
  await read();
  await runDuty("payouts");
  const told = async () => (await received(address)).map(({ url }) => url.split("?")[1]).sort();
  // A decision wakes the duty, which wakes the target's object.
  const becomes = (wanted: string[]) =>
    vi.waitFor(async () => expect(await told()).toEqual(wanted.toSorted()), { timeout: 100_000, interval: 200 });
  // There is no decision, and no hold is over.
  expect(await told()).toEqual([]);
  await decide("hand", "approve");
  await decide("small", "reject");
  const decided = ["e=hand&s=approved&p=35.00", "e=small&s=rejected&p=0.00"];
  await becomes(decided);
  // A flagged conversion waits for a decision, whatever its rule's hold is.
  const LATER_ON = Date.now() + 2 * DAY;
  for (let twice = 0; twice < 2; twice++) {
    await runDuty("payouts", unwoken, LATER_ON);
    for (const target of targets) await sendAll(target, LATER_ON);
  }
  const held = [...decided, "e=held&s=approved&p=35.00", "e=one&s=approved&p=35.00"];
  expect(await told()).toEqual(held.toSorted());
  await decide("two", "approve");
  await becomes([...held, "e=two&s=approved&p=35.00"]);
  await decide("hand", "reject");
  const rejected = [...held, "e=two&s=approved&p=35.00", "e=hand&s=rejected&p=0.00"];
  await becomes(rejected);
  // To the same status again: no second postback.
  await decide("hand", "approve");
  await runDuty("payouts", unwoken, LATER_ON);
  for (const target of targets) await sendAll(target, LATER_ON);
  expect(await told()).toEqual(rejected.toSorted());
});
