/** The dashboard's payouts, as administrators use them: a rule, a conversion, its statement. */
import type { Browser } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { RuleView } from "../../worker/admin/payout-rules.ts";
import type { ConversionView } from "../../worker/reports/conversions.ts";
import type { Statement } from "../../worker/reports/statements.ts";
import { report, type Server } from "../server.ts";
import { browserPath, inDialog, press, signInAt } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const soon = { timeout: 200_000 };

let server: Server;
let browser: Browser;

const signedIn = (path: string) => signInAt(browser, server, path);

describe.skipIf(!browserPath)("payouts", () => {
  serverAndBrowser((started, launched) => {
    [server, browser] = [started, launched];
  });

  test("a rule is made, a conversion is approved with a reason, and the statement has it", async () => {
    const sent = await fetch(
      `${server.url}/deposit?player_id=p&btag=an-affiliate&amount=25.00&currency=USD&event_id=order-1`,
    );
    expect(sent.headers.get("x-event-status")).toBe("accepted");
    const page = await signedIn("/?view=payouts");
    await page.getByText("No rules yet").waitFor(soon);
    await press(page, "Make a rule");
    await inDialog(page).getByLabel("Name").fill("First deposits");
    await inDialog(page).getByRole("button", { name: "Make a rule" }).click();
    await inDialog(page).getByText("the rule pays nothing").waitFor(soon);
    await inDialog(page).getByLabel("For each").fill("35");
    await inDialog(page).getByLabel("Only a player's first deposit").check();
    await inDialog(page).getByRole("button", { name: "Make a rule" }).click();
    await inDialog(page).waitFor({ state: "detached", ...soon });
    const rules = await report<{ rows: RuleView[] }>(server, "payout-rules");
    expect(rules.rows.map(({ versions }) => versions[0]?.terms?.amount)).toEqual(["35.00"]);

    // The event may still be on its way to the log.
    await expect
      .poll(async () => (await report<Statement>(server, "statements")).totals[0]?.pending, soon)
      .toBe("35.00");
    await page.reload();
    await page.getByTitle("Open order-1").click();
    await inDialog(page).getByText("It is number 1 of the month").waitFor(soon);
    await inDialog(page).getByLabel("Reason").fill("Checked by hand");
    await press(page, "Decide");
    await inDialog(page).getByText("Checked by hand").waitFor(soon);
    expect((await report<Statement>(server, "statements")).totals).toEqual([
      { banner_tag: "an-affiliate", currency: "USD", approved: "35.00", pending: "0.00", without_rate: 0 },
    ]);
    await inDialog(page).getByRole("button", { name: "Close" }).click();
    await press(page, "First deposits");
    await press(page, "End the rule…");
    await page.getByRole("button", { name: "End the rule", exact: true }).click();
    await page.getByText("Nothing any more.").waitFor(soon);
  });

  test("a click rule is made, changed and ended, and the conversions that it flags are listed", async () => {
    const at = (what: string) => `${server.url}/${what}player_id=quick&btag=an-affiliate`;
    expect((await fetch(at("visit?"))).headers.get("x-event-status")).toBe("accepted");
    const rule = { project_id: "default", name: "Each deposit", event_type: "deposit", amount: "5" };
    const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json" };
    const made = await fetch(`${server.url}/api/v1/payout-rules`, {
      ...{ method: "POST", headers, body: JSON.stringify(rule) },
    });
    expect(made.status).toBe(201);

    const page = await signedIn("/?view=payouts");
    await page.getByText("No click rules yet").waitFor(soon);
    await press(page, "Make a click rule");
    const field = (label: string) => inDialog(page).getByLabel(label, { exact: true });
    expect(await field("Conversions").count()).toBe(0);
    await field("Name").fill("Quicker than a person");
    await field("Flags").selectOption("velocity");
    await field("Seconds").fill("86400");
    await field("Conversions").fill("0");
    await inDialog(page).getByRole("button", { name: "Make a click rule" }).click();
    await inDialog(page).getByText("must be 1 at least").waitFor(soon);
    await field("Flags").selectOption("too_fast");
    await inDialog(page).getByRole("button", { name: "Make a click rule" }).click();
    await inDialog(page).waitFor({ state: "detached", ...soon });
    await page.getByText("Flags a conversion less than 1 day after its click.").waitFor(soon);

    const sent = await fetch(at("deposit?amount=9&currency=USD&event_id=order-2&"));
    expect(sent.headers.get("x-event-status")).toBe("accepted");
    const flagged = async () => (await report<{ rows: ConversionView[] }>(server, "conversions?reason=flagged")).rows;
    await expect.poll(async () => (await flagged()).map(({ event_id }) => event_id), soon).toEqual(["order-2"]);
    await page.reload();
    await page.getByText("Each deposit").first().waitFor(soon);
    await press(page, "Flagged");
    await page.getByText("order-1").waitFor({ state: "detached", ...soon });
    await page.getByTitle("Open order-2").click();
    await inDialog(page).getByText("less than 1 day is too fast").waitFor(soon);
    await page.keyboard.press("Escape");

    await press(page, /Quicker than a person/);
    await field("Event type").fill("registration");
    await press(page, "Change the click rule");
    await page.getByText("Flags a registration less than 1 day").waitFor(soon);
    await page.getByText("Nothing of these days is flagged.").waitFor(soon);
    await press(page, "Quicker than a person");
    await press(page, "End the rule…");
    await page.getByRole("button", { name: "End the rule", exact: true }).click();
    await page.getByText("Flags nothing any more.").waitFor(soon);
  });

  test("a statement of a past month is closed, and stays closed", async () => {
    const month = new Date();
    month.setUTCDate(0);
    const [last, day] = [month.toISOString().slice(0, 7), month.toISOString().slice(0, 10)];
    const page = await signedIn(`/?view=payouts&period=custom&from=${last}-01&to=${day}`);
    await page.getByRole("heading", { name: `Statement of ${last}` }).waitFor(soon);
    await press(page, "Close the month…");
    await inDialog(page).getByRole("button", { name: "Close the month" }).click();
    await page.getByText("by admin. What changes in it later").waitFor(soon);
    expect(await page.getByRole("button", { name: "Close the month…" }).count()).toBe(0);
    const statement = await report<Statement>(server, `statements?month=${last}`);
    expect(statement).toMatchObject({ closed_by: "admin", complete: true });
  });
});
