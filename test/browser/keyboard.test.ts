/** The dashboard without a mouse: everything is reached by Tab, the shortcuts do what the sheet says, focus stays. */
import type { Browser, Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import type { Campaigns } from "../../worker/reports/campaigns.ts";
import { report, type Server } from "../server.ts";
import { browserPath, signIn } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

/** More presses of Tab than any page has tab stops before its figures. */
const MOST_STOPS = 80;

let server: Server;
let browser: Browser;

async function signedIn(path: string): Promise<Page> {
  const page = await signIn(browser, server, { viewport: { width: 1440, height: 1_000 } });
  await page.goto(`${server.url}${path}`);
  await page.locator("#content data").first().waitFor();
  return page;
}

/** The name of the focused element. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const at = document.activeElement;
    return at?.getAttribute("aria-label") ?? at?.textContent?.trim() ?? "";
  });

async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press("Tab");
    const at = await focused(page);
    if (typeof name === "string" ? at === name : name.test(at)) return;
  }
  throw new Error(`Tab does not reach ${name}.`);
}

const search = (page: Page) => new URL(page.url()).search;
const rowsOn = (page: Page) =>
  page.locator("[data-row]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-row")));

describe.skipIf(!browserPath)("the dashboard by keyboard alone", () => {
  serverAndBrowser(async (started, launched) => {
    [server, browser] = [started, launched];
    const events = ["spring", "summer", "autumn"].flatMap((banner_tag, index) =>
      Array.from({ length: 3 - index }, (_, n) => ({
        event_type: "visit",
        player_id: `${banner_tag}-${n}`,
        banner_tag,
        timestamp: Date.now() - 60_000,
      })),
    );
    await fetch(`${server.url}/api/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
      body: JSON.stringify(events),
    });
    await vi.waitFor(async () => expect((await report<Campaigns>(server, "campaigns")).total.visits).toBe(6), {
      timeout: 200_000,
      interval: 200,
    });
  });

  test("Tab reaches the figures, the views and the days, and a closed menu returns the focus", async () => {
    const page = await signedIn("/");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Skip to the figures");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");

    await page.reload();
    await page.locator("#content data").first().waitFor();
    await tabTo(page, "Overview");
    await tabTo(page, "Campaigns");
    await tabTo(page, /^Period/);
    await page.keyboard.press("Enter");
    await page.locator(".period .menu-panel").waitFor();
    await tabTo(page, "Last 28 days");
    await page.keyboard.press("Escape");
    await page.locator(".period .menu-panel").waitFor({ state: "detached" });
    expect(await focused(page)).toMatch(/^Period/);

    await page.keyboard.press("Enter");
    await tabTo(page, "Last 28 days");
    await page.keyboard.press("Enter");
    await expect.poll(() => search(page)).toBe("?period=28d");
    expect(await focused(page)).toMatch(/^Period: Last 28 days/);
    // Leaving the menu by Tab closes it, too.
    await page.keyboard.press("Enter");
    await tabTo(page, /^Comparison/);
    await page.locator(".period .menu-panel").waitFor({ state: "detached" });
  });

  test("the technical views are collapsed, and expand by keyboard or when one of them is open", async () => {
    const page = await signedIn("/");
    const keys = page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Keys" });
    await page.locator("#content data").first().waitFor();
    expect(await keys.isVisible()).toBe(false);
    await tabTo(page, "Administration");
    await page.keyboard.press("Enter");
    await keys.waitFor();
    await tabTo(page, "Keys");
    await page.keyboard.press("Enter");
    await expect.poll(() => search(page)).toBe("?view=keys");
    await page.reload();
    await keys.waitFor();
  });

  test("Enter follows a link in the list of views", async () => {
    const page = await signedIn("/");
    await tabTo(page, "Funnel");
    await page.keyboard.press("Enter");
    await page.locator(".panel.funnel-tags").waitFor();
    expect(search(page)).toBe("?view=funnel");
  });

  test("shortcuts choose days, comparison and view", async () => {
    const page = await signedIn("/");
    // Days can be chosen only after the project is loaded.
    await page.locator("#content data").first().waitFor();
    await page.keyboard.press("?");
    const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await sheet.waitFor();
    await page.keyboard.press("m");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    expect(search(page)).toBe("");

    const press = async (key: string, expected: string | RegExp) => {
      await page.keyboard.press(key);
      await expect.poll(() => search(page), { message: `after ${key}` }).toMatch(expected);
    };
    await press("m", /^\?period=month$/);
    await press("w", /^$/);
    // On a Sunday, the 7 days before are last week.
    await press("ArrowLeft", /^\?(?:from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d|period=last_week)$/);
    await press("ArrowRight", /^$/);
    await press("x", /^\?compare=year$/);
    await press("x", /^\?compare=weekday$/);
    await press("x", /^\?compare=none$/);
    await press("x", /^$/);
    await press("j", /^\?period=last_week$/);
    await press("w", /^$/);
    await press("2", /^\?view=campaigns$/);
    // A focused element does not block the shortcuts.
    await tabTo(page, /^Period/);
    await press("ArrowLeft", /from=|last_week/);
    await press("ArrowRight", /^\?view=campaigns$/);
    await page.keyboard.press("c");
    await page.locator(".period .menu-panel").waitFor();
  });

  test("arrows scroll a table that has the focus", async () => {
    const page = await signedIn("/?view=campaigns");
    await tabTo(page, /^Campaigns, a table/);
    await page.keyboard.press("ArrowLeft");
    expect(search(page)).toBe("?view=campaigns");
  });

  test("Enter on a row filters, 0 removes the filter", async () => {
    const page = await signedIn("/");
    await tabTo(page, "summer");
    await page.keyboard.press("Enter");
    await expect.poll(() => search(page)).toBe("?banner_tag=summer");
    await expect.poll(() => rowsOn(page)).not.toContain("spring");
    await page.keyboard.press("0");
    await expect.poll(() => search(page)).toBe("");
    await expect.poll(() => rowsOn(page)).toContain("spring");
  });

  test("/ goes to the search, and what is typed there is no shortcut", async () => {
    const page = await signedIn("/?view=campaigns");
    await page.keyboard.press("/");
    expect(await focused(page)).toBe("Find a tag");
    await page.keyboard.type("mm");
    await expect.poll(() => rowsOn(page)).toEqual(["summer"]);
    await page.keyboard.type("2wx0?");
    await expect.poll(() => search(page)).toBe("?view=campaigns&search=mm2wx0%3F");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await page.getByLabel("Find a tag").inputValue()).toBe("mm2wx0?");
    // Without a focus, it removes all filters.
    await page.keyboard.press("Tab");
    await page.keyboard.press("0");
    await expect.poll(() => search(page)).toBe("?view=campaigns");
    await expect.poll(() => rowsOn(page)).toHaveLength(3);
  });

  test("a dialog keeps the focus inside, and returns it when it closes", async () => {
    const page = await signedIn("/");
    await tabTo(page, "Administration");
    await page.keyboard.press("Enter");
    await tabTo(page, "Keys");
    await page.keyboard.press("Enter");
    await page.getByText("There is no key yet").waitFor();
    await tabTo(page, "Create key");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    for (let stop = 0; stop < 30; stop++) {
      await page.keyboard.press(stop < 20 ? "Tab" : "Shift+Tab");
      // Between the last and the first element, the browser's toolbar has the focus.
      const inside = await page.evaluate(() => {
        const at = document.activeElement;
        return at === document.body || document.querySelector("dialog")?.contains(at);
      });
      expect(inside, `stop ${stop}: ${await focused(page)}`).toBe(true);
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await focused(page)).toBe("Create key");
  });
});
