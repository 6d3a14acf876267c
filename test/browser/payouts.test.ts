/** What administrators do with payouts on the dashboard: a rule, a conversion, its statement. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RuleView } from "../../worker/admin/payout-rules.ts";
import type { Statement } from "../../worker/reports/statements.ts";
import { browserPath, launch, openPage, report, type Server, startServer } from "./harness.ts";

const soon = { timeout: 200_000 };

let server: Server;
let browser: Browser;

async function signedIn(path: string): Promise<Page> {
  const page = await openPage(browser, `${server.url}/404.css`);
  const answer = await page.request.post(`${server.url}/api/v1/session`, { data: { key: server.token } });
  expect(answer.status()).toBe(200);
  await page.goto(`${server.url}${path}`);
  return page;
}
const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).first().click();
const inDialog = (page: Page) => page.getByRole("dialog");

describe.skipIf(!browserPath)("payouts", () => {
  beforeAll(async () => {
    server = await startServer();
    browser = await launch();
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
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
    await press(page, "order-1");
    await inDialog(page).getByText("It is number 1 of the month").waitFor(soon);
    await inDialog(page).getByLabel("Reason").fill("Checked by hand");
    await press(page, "Decide");
    await inDialog(page).getByText("Checked by hand").waitFor(soon);
    expect((await report<Statement>(server, "statements")).totals).toEqual([
      { banner_tag: "an-affiliate", currency: "USD", approved: "35.00", pending: "0.00", without_rate: 0 },
    ]);
    await inDialog(page).getByRole("button", { name: "Close" }).click();
    await press(page, "End First deposits…");
    await press(page, "End the rule");
    await page.getByText("Nothing any more.").waitFor(soon);
  });
});
