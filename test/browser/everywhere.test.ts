/**
 * Rules for every view of the dashboard: no rule of accessibility is broken in either theme, nothing moves when data
 * arrive, a phone scrolls it down and not sideways, and a failed panel says so and recovers.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { VIEWS } from "../../dashboard/views.ts";
import { LANGUAGES } from "../../dashboard/words.ts";
import type { Campaigns } from "../../worker/reports/campaigns.ts";
import { report, type Server } from "../server.ts";
import { browserPath, signIn } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DAY_MS = 86_400_000;
/** The largest sum of layout shifts, as a share of the window's height, that a reader would not notice. */
const SHIFT = 0.01;
const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const LOOKS = [
  { colorScheme: "light", viewport: WIDE, filter: "" },
  { colorScheme: "dark", viewport: PHONE, filter: "&banner_tag_contains=s" },
] as const;

let server: Server;
let browser: Browser;

/** Forty people of two tags over three weeks, in two apps. */
async function sendTraffic(): Promise<void> {
  const events = Array.from({ length: 40 }, (_, index) => {
    const player = {
      player_id: `player-${index}`,
      banner_tag: index % 3 === 0 ? "summer" : "spring",
      app_id: index % 2 === 0 ? "slots" : "poker",
      platform: index % 2 === 0 ? "ios" : "web",
    };
    const at = (days: number) => Date.now() - ((index * 37) % 20) * DAY_MS - 3_600_000 * 3 + days * DAY_MS;
    const events = [
      { event_type: "visit", timestamp: at(-0.5) },
      ...(index % 2 === 0 ? [{ event_type: "registration", timestamp: at(-0.4) }] : []),
      ...(index % 4 === 0 ? [{ event_type: "deposit", amount: "12.50", currency: "USD", timestamp: at(-0.3) }] : []),
      ...(index % 8 === 0 ? [{ event_type: "purchase", amount: "4.99", currency: "EUR", timestamp: at(-0.2) }] : []),
      { event_type: "player_score", score: index * 10, timestamp: at(-0.1) },
    ];
    return events.map((event) => ({ ...player, ...event }));
  }).flat();
  const answer = await fetch(`${server.url}/api/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  expect(await answer.json()).toMatchObject({ accepted: events.length, rejected: 0 });
  // One that is refused, for the request log.
  await fetch(`${server.url}/deposit?player_id=p&btag=summer&amount={payout}`);
}

async function signedIn(options: Parameters<Browser["newContext"]>[0]): Promise<BrowserContext> {
  return (await signIn(browser, server, { reducedMotion: "reduce", ...options })).context();
}

/** Selector of the placeholders for answers that have not arrived. */
const UNREADY = "#content .bone, #content [aria-busy='true']";

/** Waits until the view has all its answers: no placeholder is left, and no request is in progress. */
async function settled(page: Page): Promise<void> {
  await page.waitForLoadState("networkidle", { timeout: 200_000 });
  await page.waitForFunction((unready) => !document.querySelector(unready), UNREADY, { timeout: 200_000 });
}

async function brokenRules(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>("axe.run()");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

/** Every plain text of a language. */
const textsOf = (words: object): string[] =>
  Object.values(words).flatMap((text: unknown) =>
    typeof text === "string" ? [text.trim()] : typeof text === "object" && text !== null ? textsOf(text) : [],
  );

/** Runs on the page: all its visible texts, and those for screen readers. */
function textsOnPage(): string[] {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts: (string | null)[] = [document.title];
  while (walker.nextNode()) texts.push(walker.currentNode.nodeValue);
  for (const element of document.querySelectorAll("[title], [aria-label], [placeholder]"))
    texts.push(...["title", "aria-label", "placeholder"].map((name) => element.getAttribute(name)));
  return texts.flatMap((text) => text?.trim() || []);
}

const address = (view: string) => `${server.url}/?view=${view}&period=30d`;
const views = Object.keys(VIEWS);

describe.skipIf(!browserPath)("every view", () => {
  serverAndBrowser(
    async (started, launched) => {
      [server, browser] = [started, launched];
      await sendTraffic();
      await vi.waitFor(async () => expect((await report<Campaigns>(server, "campaigns")).total.deposits).toBe(10), {
        timeout: 200_000,
        interval: 200,
      });
    },
    { keepPages: true },
  );

  describe.each(LOOKS)("in $colorScheme, $viewport.width wide", ({ colorScheme, viewport, filter }) => {
    let page: Page;
    let said: string[];

    // One page for all views, so that cached files are not fetched and compiled again for each.
    beforeAll(async () => {
      const context = await signedIn({ colorScheme, viewport });
      await context.addInitScript(() => {
        const seen = window as unknown as { shifts: number };
        seen.shifts = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) seen.shifts += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
      });
      page = await context.newPage();
      page.on("pageerror", (error) => said.push(error.message));
      page.on("console", (message) => message.type() === "error" && said.push(message.text()));
    });
    afterAll(() => page?.context().close());

    test.each(views)("%s breaks no rule of accessibility, scrolls down only, and nothing moves", async (view) => {
      // Ends the requests of the previous view that are still in progress.
      await page.goto("about:blank");
      said = [];
      await page.goto(address(view) + filter);
      await settled(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
      expect(await page.evaluate(() => (window as unknown as { shifts: number }).shifts)).toBeLessThan(SHIFT);
      expect(await brokenRules(page)).toEqual([]);
      expect(said).toEqual([]);
    });
  });

  describe.each(["de-DE", "es-AR"])("for a browser that asks for %s", (locale) => {
    let page: Page;
    let english: string[];

    beforeAll(async () => {
      const [en, own] = await Promise.all([
        LANGUAGES.en.load(),
        LANGUAGES[locale.slice(0, 2) as keyof typeof LANGUAGES].load(),
      ]);
      const kept = new Set(textsOf(own.default));
      english = textsOf(en.default).filter((text) => !kept.has(text));
      page = await (await signedIn({ locale, viewport: WIDE })).newPage();
    });
    afterAll(() => page?.context().close());

    test.each(["overview", "campaigns", "projects"])("%s has no English text, and is accessible", async (view) => {
      await page.goto(address(view));
      await settled(page);
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(locale.slice(0, 2));
      await expect
        .poll(async () => (await page.evaluate(textsOnPage)).length, { timeout: 200_000 })
        .toBeGreaterThan(50);
      const read = await page.evaluate(textsOnPage);
      expect(read.filter((text) => english.includes(text))).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(WIDE.width);
      expect(await brokenRules(page)).toEqual([]);
    });

    test("English can be chosen instead, and stays", async () => {
      await page.goto(address("campaigns"));
      await settled(page);
      await page.locator(".header-end .menu > button").click();
      await page.locator(".header-end select").selectOption("en");
      await page.getByRole("heading", { name: "Campaigns" }).first().waitFor({ timeout: 200_000 });
      await page.reload();
      await page.getByRole("heading", { name: "Campaigns" }).first().waitFor({ timeout: 200_000 });
      expect(await page.evaluate(() => document.documentElement.lang)).toBe("en");
    });
  });

  describe("while the server fails", () => {
    let page: Page;
    let failing: boolean;

    beforeAll(async () => {
      page = await (await signedIn({ viewport: WIDE })).newPage();
      await page.route(
        (url) => url.pathname.startsWith("/api/v1/") && !/\/(?:session|realtime|live|segments)$/.test(url.pathname),
        (route) => {
          if (!failing || route.request().method() !== "GET") return route.continue();
          return route.fulfill({
            status: 503,
            contentType: "application/problem+json",
            body: JSON.stringify({ title: "Temporarily unavailable", status: 503, detail: "the database is away" }),
          });
        },
      );
    });
    afterAll(() => page?.context().close());

    test.each(views.filter((view) => view !== "live"))(
      "%s says what failed, and recovers when asked to",
      async (view) => {
        failing = true;
        await page.goto(address(view));
        const failure = page.getByText("The database is away");
        await failure.first().waitFor({ timeout: 200_000 });
        failing = false;
        // One after another: one that was pressed is called otherwise at once, and gone when it has succeeded. Of several
        // panels one may say that it failed only when another has recovered.
        const retry = page.getByRole("button", { name: "Retry" });
        await expect
          .poll(
            async () => {
              if ((await retry.count()) > 0)
                await retry
                  .first()
                  .click({ timeout: 1_000 })
                  .catch(() => undefined);
              return (await failure.count()) + (await page.locator(UNREADY).count());
            },
            { timeout: 200_000 },
          )
          .toBe(0);
      },
    );
  });
});
