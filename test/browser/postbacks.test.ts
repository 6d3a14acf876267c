/** The dashboard's postbacks, as administrators use them. */
import type { Browser } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import type { TargetView } from "../../worker/admin/postback-target.ts";
import type { SourceView } from "../../worker/admin/sources.ts";
import { report, type Server } from "../server.ts";
import { browserPath, inDialog, press, signInAt, startReceiver } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const soon = { timeout: 200_000 };

let server: Server;
let browser: Browser;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
const received: string[] = [];

const signedIn = (path: string) => signInAt(browser, server, path);

describe.skipIf(!browserPath)("postbacks", () => {
  serverAndBrowser(async (started, launched) => {
    [server, browser] = [started, launched];
    receiver = await startReceiver(({ url }) => {
      received.push(url);
      return { status: 418, text: "a teapot" };
    });
  });

  afterAll(() => {
    receiver?.stop();
  });

  test("a target is made, tried, paused, resumed, changed and removed", async () => {
    const page = await signedIn("/?view=postbacks");
    await press(page, "Make a target");
    await page.getByLabel("Name").fill("A network");
    await page.getByLabel("URL").fill("https://tracker.example.com/?a={commission}");
    await press(page, "Make the target");
    await inDialog(page).getByText("{commission}, which there is not").waitFor(soon);
    await page.getByLabel("Tracker").selectOption("keitaro");
    expect(await page.getByLabel("URL").inputValue()).toMatch(/^https:\/\/<tracking-domain>.*subid=\{click_id\}/);
    await press(page, "Make the target");
    await inDialog(page).getByText("still has <tracking-domain>").waitFor(soon);
    await page.getByLabel("Tracker").selectOption("");
    expect(await page.getByLabel("URL").inputValue()).toBe("");
    await page.getByLabel("URL").fill(`${receiver.url}/p?e={event_type}`);
    await press(page, "Make the target");
    await inDialog(page).getByText("Copy it now").waitFor(soon);
    expect(await inDialog(page).locator("code").first().textContent()).toMatch(/^[0-9a-f]{48}$/);
    await press(page, "Done");

    await press(page, "A network");
    await press(page, "Send an example");
    await inDialog(page).getByText("it answered 418").waitFor(soon);
    await inDialog(page).getByText("a teapot").waitFor(soon);
    expect(received).toEqual(["/p?e=deposit"]);
    await page.getByRole("button", { name: "Close" }).click();
    await page.locator("[data-row]").getByText("it answered 418").waitFor(soon);

    const state = async () => (await report<{ rows: TargetView[] }>(server, "postbacks")).rows[0]?.state;
    await press(page, "Pause");
    await page.getByRole("button", { name: "Resume" }).waitFor(soon);
    expect(await state()).toBe("paused");
    await press(page, "Resume");
    await page.getByRole("button", { name: "Pause" }).waitFor(soon);
    expect(await state()).toBe("active");

    // The form has all settings: those that are not edited stay the same.
    const target = async () => (await report<{ rows: TargetView[] }>(server, "postbacks")).rows[0];
    const before = await target();
    await press(page, "Change…");
    const field = (label: string) => inDialog(page).getByLabel(label, { exact: true });
    await field("Name").fill("The network");
    await field("Event types").fill("registration, deposit");
    await field("Least amount").fill("5");
    await press(page, "Change the target");
    await inDialog(page).getByText("a least amount is of a currency").waitFor(soon);
    await field("Currency of the amount").fill("eur");
    await field("Tags").fill("aff-x");
    await field("Sent by").selectOption("json");
    await field("Body").fill('{"click":"{click_id}"}');
    await field("Only test events").check();
    await press(page, "Change the target");
    await inDialog(page).waitFor({ state: "detached", ...soon });
    await page.getByRole("heading", { name: "The network" }).waitFor(soon);
    const changed = {
      ...before,
      ...{ name: "The network", event_types: ["registration", "deposit"], banner_tags: ["aff-x"], test: true },
      ...{ min_amount: "5.00", currency: "EUR", method: "POST", body_type: "json", body: '{"click":"{click_id}"}' },
    };
    expect(await target()).toEqual(changed);
    await press(page, "Change…");
    await field("Least amount").fill("");
    await field("Currency of the amount").fill("");
    await field("Sent by").selectOption("bare");
    await field("A new secret that replaces the present one").check();
    await press(page, "Change the target");
    await inDialog(page).getByText("Copy it now").waitFor(soon);
    await press(page, "Done");
    const emptied = { min_amount: null, currency: null, body_type: null, body: null };
    expect(await target()).toEqual({ ...changed, ...emptied });

    await press(page, "Remove…");
    await press(page, "Remove it");
    await page.getByText("No targets yet").waitFor(soon);
    expect(await state()).toBeUndefined();
  });

  test("a source is made, its URL accepts postbacks, those that wait are listed, it is changed, paused and removed", async () => {
    const page = await signedIn("/?view=postbacks");
    await press(page, "Make a source");
    await page.getByLabel("Name").fill("A network");
    await press(page, "Make the source");
    await inDialog(page).getByText("must be a slug").first().waitFor(soon);
    await page.getByLabel("Name").fill("network");
    await press(page, "Make the source");
    await inDialog(page).getByText("Copy it now").waitFor(soon);
    const url = (await inDialog(page).locator("code").first().textContent()) ?? "";
    await press(page, "Done");
    const tell = async () => (await fetch(`${url}?click_id=never&transaction_id=T-1&amount=5`)).status;
    expect(await tell()).toBe(200);

    await press(page, /^network$/);
    await page.locator("[data-row]").getByText("unknown click").waitFor(soon);
    await press(page, "Change…");
    const template = inDialog(page).getByLabel("Template");
    const { fields, ...rest } = JSON.parse(await template.inputValue());
    expect(fields).toMatchObject({ click_id: "click_id", transaction_id: "transaction_id" });
    await template.fill(JSON.stringify({ fields: { ...fields, clique: "click" }, ...rest }));
    await press(page, "Change the source");
    await inDialog(page).getByText("clique").last().waitFor(soon);
    await template.fill(JSON.stringify({ fields: { ...fields, click_id: "click" }, ...rest }));
    await inDialog(page).getByLabel("A new secret").check();
    await press(page, "Change the source");
    await inDialog(page).getByText("Copy it now").waitFor(soon);
    const renewed = (await inDialog(page).locator("code").first().textContent()) ?? "";
    await press(page, "Done");
    expect(await tell()).toBe(401);
    expect((await fetch(`${renewed}?click=never-2&transaction_id=T-2&amount=5`)).status).toBe(200);
    const { rows } = await report<{ rows: SourceView[] }>(server, "sources");
    expect(rows[0]?.template).toEqual({ fields: { ...fields, click_id: "click" }, ...rest });

    await press(page, "Pause");
    await page.getByRole("button", { name: "Resume" }).waitFor(soon);
    expect((await fetch(`${renewed}?click=never-3&transaction_id=T-3&amount=5`)).status).toBe(409);
    await press(page, "Remove…");
    await press(page, "Remove it");
    await page.getByText("No sources yet").waitFor(soon);
    expect((await fetch(renewed)).status).toBe(404);
  });
});
