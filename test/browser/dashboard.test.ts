/** The dashboard in a browser, after signing in: the same figures as the API's, up to date, and robust. */
import type { Browser, Page, WebSocketRoute } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { bucketsOf, lastHours } from "../../dashboard/period.ts";
import type { Campaigns } from "../../worker/reports/campaigns.ts";
import type { Funnel } from "../../worker/reports/funnel.ts";
import type { Metrics } from "../../worker/reports/metrics.ts";
import { report, type Server } from "../server.ts";
import { browserPath, changeAnswers, openPage, signInAt } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const HOUR_MS = 3_600_000;
/** The user agent of a person's browser: one of a program may be recognised as a bot. */
const USER_AGENT =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

let server: Server;
let browser: Browser;

async function send(type: string, fields: Record<string, string>): Promise<void> {
  const headers = { "user-agent": USER_AGENT };
  const answer = await fetch(`${server.url}/${type}?${new URLSearchParams(fields)}`, { headers });
  expect(answer.status, answer.headers.get("x-event-error") ?? "").toBe(200);
}

/** Four players of two tags: two register, one of them deposits twice. One visits again. */
async function sendTraffic(): Promise<void> {
  const at = (hoursAgo: number) => String(Date.now() - hoursAgo * HOUR_MS);
  for (const [player_id, btag] of [
    ["ann", "spring"],
    ["ben", "spring"],
    ["cid", "spring"],
    ["dea", "summer"],
  ] as const) {
    await send("visit", { player_id, btag, timestamp: at(30) });
  }
  await send("visit", { player_id: "ann", btag: "spring", timestamp: at(29) });
  await send("registration", { player_id: "ann", btag: "spring", timestamp: at(28) });
  await send("registration", { player_id: "dea", btag: "summer", timestamp: at(28) });
  await send("deposit", { player_id: "ann", btag: "spring", amount: "10.50", currency: "USD", timestamp: at(27) });
  await send("deposit", { player_id: "ann", btag: "spring", amount: "4.25", currency: "USD", timestamp: at(26) });
}

/** A page of someone who has signed in already. */
const signedIn = (path: string) => signInAt(browser, server, path);

const figure = (page: Page, name: string) => page.locator(`[data-figure="${name}"] data`);
const valueIn = async (page: Page, name: string) => Number(await figure(page, name).getAttribute("value"));
const live = (page: Page, cell: string) => page.locator(`[data-live="${cell}"] data`);
const status = (page: Page) => page.getByRole("status").first();
const soon = { timeout: 200_000 };

describe.skipIf(!browserPath)("the dashboard", () => {
  serverAndBrowser(async (started, launched) => {
    [server, browser] = [started, launched];
    await sendTraffic();
    await vi.waitFor(async () => expect((await report<Campaigns>(server, "campaigns")).total.deposits).toBe(2), {
      timeout: 200_000,
      interval: 200,
    });
  });

  test("asks for a key without a session, then opens the requested page, until sign-out", async () => {
    const page = await openPage(browser, `${server.url}/?view=campaigns&banner_tag=spring`);
    const key = page.getByLabel("Key", { exact: true });
    await key.fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect.poll(() => page.getByRole("alert").textContent(), soon).toMatch(/not known/);

    await key.fill(server.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "spring" }).waitFor();
    expect(new URL(page.url()).search).toBe("?view=campaigns&banner_tag=spring");

    await page.getByRole("button", { name: /signing out/ }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await key.waitFor();
    await page.reload();
    await key.waitFor();
  });

  test("shows the figures of the API", async () => {
    const page = await signedIn("/");
    await figure(page, "visits").waitFor();
    const { from, to, total, rows } = await report<Campaigns>(server, "campaigns?compare=previous");
    expect(to >= from).toBe(true);
    for (const name of ["visits", "registrations", "first_deposits", "deposits"] as const) {
      expect(await valueIn(page, name), name).toBe(total[name]);
    }
    expect(total).toMatchObject({ visits: 5, registrations: 2, first_deposits: 1, deposits: 2, amount: "14.75" });

    for (const row of rows) {
      const cells = page.getByRole("row", { name: new RegExp(`^${row.banner_tag}`) });
      const cell = (name: string) => cells.locator(`[data-column="${name}"] data`).getAttribute("value");
      expect(await cell("visits")).toBe(String(row.visits));
      expect(await cell("first_deposits")).toBe(String(row.first_deposits));
      expect(await cell("amount")).toBe(row.amount);
    }

    const { steps } = await report<Funnel>(server, "funnel");
    for (const step of steps) {
      const shown = page.locator(`[data-step="${step.event_type}"] data`);
      expect(await shown.getAttribute("value"), step.event_type).toBe(String(step.players));
    }

    await page.getByRole("button", { name: "Show as table" }).click();
    const metrics = await report<Metrics>(server, "metrics");
    const table = page.getByRole("region", { name: "Visits by day" });
    const sum = (await table.locator("tbody tr td:nth-of-type(1)").allTextContents())
      .map(Number)
      .reduce((all, one) => all + one, 0);
    const visits = metrics.rows.filter((row) => row.event_type === "visit");
    expect(sum).toBe(visits.reduce((all, row) => all + row.total, 0));
  });

  test("shows the last 24 hours by the hour, and two whole days where there are no figures by the hour", async () => {
    await send("visit", { player_id: "now", btag: "winter" });
    const page = await signedIn("/?period=24h");
    await figure(page, "visits").waitFor();
    const counted = async () => {
      const now = new Date();
      const { days, begin, end } = lastHours(now.toISOString().slice(0, 10), now.getUTCHours());
      const { rows } = await report<Metrics>(server, `metrics?interval=hour&from=${days.from}&to=${days.to}`);
      const hours = bucketsOf(days, "hour")
        .slice(begin, end)
        .map(({ event_date, event_hour }) => `${event_date} ${event_hour}`);
      return rows
        .filter((row) => row.event_type === "visit" && hours.includes(`${row.event_date} ${row.event_hour}`))
        .reduce((all, { total }) => all + total, 0);
    };
    await expect.poll(counted, soon).toBeGreaterThan(0);
    await expect.poll(async () => (await valueIn(page, "visits")) === (await counted()), soon).toBe(true);
    const trend = page.locator(".trend");
    await trend.getByRole("button", { name: "Show as table" }).click();
    await expect.poll(() => trend.locator("tbody tr").count(), soon).toBe(24);

    await page.getByRole("link", { name: "Funnel", exact: true }).click();
    await page.waitForURL(/period=2d/);
    await page.getByRole("button", { name: /Period: Yesterday and today/ }).click();
    expect(await page.getByRole("button", { name: "Last 24 hours" }).count()).toBe(0);
  });

  test("shows an event in the live panel and in the daily figures without a reload", async () => {
    const page = await signedIn("/");
    await expect.poll(() => status(page).textContent(), soon).toBe("Live");
    await figure(page, "visits").waitFor();
    const before = { live: Number(await live(page, "visit today").getAttribute("value")), ...(await values(page)) };

    await send("visit", { player_id: "eve", btag: "autumn" });
    await expect
      .poll(async () => Number(await live(page, "visit today").getAttribute("value")), soon)
      .toBe(before.live + 1);
    await page
      .getByRole("list", { name: /Recent events/ })
      .getByText("eve")
      .waitFor();
    await expect.poll(() => values(page), soon).toEqual({ visits: before.visits + 1, funnel: before.funnel + 1 });
    await page.getByRole("row", { name: /^autumn/ }).waitFor();
  });

  test("keeps the live figures when the socket is cut, says so, and connects again by itself", async () => {
    const page = await signedIn("/404.css");
    const sockets: WebSocketRoute[] = [];
    let refuse = false;
    await page.routeWebSocket(/\/api\/v1\/live/, (socket) => {
      if (refuse) return void socket.close({ code: 1012 });
      sockets.push(socket);
      socket.connectToServer();
    });
    await page.goto(`${server.url}/`);
    await expect.poll(() => status(page).textContent(), soon).toBe("Live");
    const before = await live(page, "visit today").textContent();

    refuse = true;
    await sockets[0]?.close({ code: 1012 });
    await expect.poll(() => status(page).textContent(), soon).toBe("Reconnecting…");
    expect(await live(page, "visit today").textContent()).toBe(before);

    refuse = false;
    await expect.poll(() => status(page).textContent(), soon).toBe("Live");
    await send("visit", { player_id: "fay", btag: "autumn" });
    await page
      .getByRole("list", { name: /Recent events/ })
      .getByText("fay")
      .waitFor({ timeout: 200_000 });
  });

  test("reconnects without a visible change when the server asks for the credential again", async () => {
    const page = await signedIn("/404.css");
    const sockets: WebSocketRoute[] = [];
    await page.routeWebSocket(/\/api\/v1\/live/, (socket) => {
      sockets.push(socket);
      socket.connectToServer();
    });
    await page.goto(`${server.url}/?view=live`);
    await expect.poll(() => status(page).textContent(), soon).toBe("Live");
    await page.evaluate(() => {
      const seen = window as unknown as { said: Set<string | undefined> };
      seen.said = new Set();
      new MutationObserver(() => seen.said.add(document.querySelector(".status")?.textContent ?? undefined)).observe(
        document.body,
        { subtree: true, childList: true, characterData: true },
      );
    });
    await sockets[0]?.close({ code: 4000 });
    await expect.poll(() => sockets.length, soon).toBe(2);
    await send("visit", { player_id: "hal", btag: "autumn" });
    await page
      .getByRole("list", { name: /Recent events/ })
      .getByText("hal")
      .waitFor({ timeout: 200_000 });
    expect(await page.evaluate(() => [...(window as unknown as { said: Set<string> }).said])).toEqual(["Live"]);
  });

  test("narrows the live counts to the tags of the filter", async () => {
    const page = await signedIn("/?view=live");
    await send("visit", { player_id: "ida", btag: "frost" });
    await page
      .getByRole("list", { name: /Recent events/ })
      .getByText("ida")
      .waitFor(soon);
    await page.getByRole("button", { name: "frost" }).click();
    await expect.poll(() => live(page, "visit today").getAttribute("value"), soon).toBe("1");
    // Figures of all tags are left out.
    expect(await page.locator(".live .minutes").count()).toBe(0);
    expect(await page.locator(".live .top").count()).toBe(1);
  });

  test("opens the sign-in page when the server ends the live connection because the session is over", async () => {
    const page = await signedIn("/404.css");
    const sockets: WebSocketRoute[] = [];
    await page.routeWebSocket(/\/api\/v1\/live/, (socket) => {
      sockets.push(socket);
      socket.connectToServer();
    });
    await page.goto(`${server.url}/`);
    await expect.poll(() => status(page).textContent(), soon).toBe("Live");
    await page.context().clearCookies();
    await sockets[0]?.close({ code: 4401 });
    await page.getByLabel("Key", { exact: true }).waitFor();
  });

  test("says what failed, and recovers on a retry", async () => {
    const page = await signedIn("/404.css");
    let failing = true;
    const problem = { type: "about:blank", title: "Temporarily unavailable", status: 503, detail: "Please wait." };
    await page.route(/\/api\/v1\/(campaigns|funnel|metrics)/, (route) =>
      failing
        ? route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(problem) })
        : route.continue(),
    );
    await page.goto(`${server.url}/?view=funnel`);
    const alert = page.getByRole("alert");
    await expect
      .poll(() => alert.first().textContent(), soon)
      .toMatch(/Temporarily unavailable.*funnel.*Please wait\./);

    failing = false;
    await expect
      .poll(async () => {
        const retry = alert.getByRole("button", { name: "Retry" }).first();
        await retry.click({ timeout: 500 }).catch(() => undefined);
        return alert.count();
      }, soon)
      .toBe(0);
    await page.locator('[data-step="visit"] data').waitFor();

    // Loaded figures stay when their refresh fails.
    failing = true;
    await send("visit", { player_id: "gus", btag: "autumn" });
    await expect.poll(() => alert.textContent(), soon).toMatch(/could not be refreshed/);
    expect(await page.locator('[data-step="visit"] data').count()).toBe(1);
    failing = false;
    await alert.getByRole("button", { name: "Retry" }).click();
    await expect.poll(() => alert.count(), soon).toBe(0);
  });

  test("an answer that the server is still preparing is shown as pending, and requested again when the server says", async () => {
    const problem = { type: "about:blank", title: "Temporarily unavailable", status: 503 };
    let asked = 0;
    const page = await signedIn("/404.css");
    await page.route("**/api/v1/campaigns*", (route) => {
      asked++;
      return asked > 2
        ? route.fallback()
        : route.fulfill({
            status: 503,
            contentType: "application/problem+json",
            headers: { "retry-after": asked === 1 ? "1" : "5" },
            body: JSON.stringify({
              ...problem,
              detail: `The figures for this filter are being counted: ${asked * 30} %.`,
            }),
          });
    });
    await page.goto(`${server.url}/?view=campaigns`);
    await page.getByRole("status").getByText("being counted: 60 %").waitFor(soon);
    await page.locator(".campaigns [data-row]").first().waitFor(soon);
    expect(await page.getByText("being counted").count()).toBe(0);
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(asked).toBeGreaterThanOrEqual(3);
  });

  test("says how many events the figures lack, and asks again automatically until none is missing", async () => {
    const page = await signedIn("/404.css");
    let lagging = true;
    await changeAnswers(page, "**/api/v1/funnel*", (response) => ({
      headers: { ...response.headers(), ...(lagging && { "x-lag-events": "12345" }) },
    }));
    await page.goto(`${server.url}/?view=funnel`);
    const notice = page.getByText("The figures lack the last 12,345 events.");
    await notice.waitFor(soon);
    await page.locator('[data-step="visit"] data').waitFor();
    lagging = false;
    await expect.poll(() => notice.count(), soon).toBe(0);
    expect(await page.locator('[data-step="visit"] data').count()).toBe(1);
  });

  test("keeps its state in the address, for a reload and for Back", async () => {
    const page = await signedIn("/");
    await page.getByRole("button", { name: "spring" }).first().waitFor();
    await page
      .getByRole("button", { name: /^Registrations/ })
      .first()
      .click();
    await page
      .getByRole("row", { name: /^spring/ })
      .getByRole("button", { name: "spring" })
      .click();
    await page.getByRole("button", { name: /^Period/ }).click();
    await page.getByRole("button", { name: "Last 28 days" }).click();
    await page.getByRole("heading", { name: /Registrations by day/ }).waitFor();
    const address = "?banner_tag=spring&series=registrations&period=28d";
    expect(new URL(page.url()).search).toBe(address);
    await expect.poll(() => valueIn(page, "registrations"), soon).toBe(1);

    await page.reload();
    await page.getByRole("heading", { name: /Registrations by day/ }).waitFor();
    await page.getByRole("button", { name: /^Period: Last 28 days/ }).waitFor();
    await expect.poll(() => valueIn(page, "registrations"), soon).toBe(1);

    await page.goBack();
    await page.getByRole("button", { name: /^Period: Last 7 days/ }).waitFor();
    await page.goBack();
    await expect.poll(() => valueIn(page, "registrations"), soon).toBe(2);
    expect(await page.getByRole("button", { name: /Remove the filter/ }).count()).toBe(0);
  });

  test("says what to do when the period has no events, and refuses an unknown view", async () => {
    const page = await signedIn("/?from=2020-01-01&to=2020-01-07&view=campaigns");
    await page.getByRole("button", { name: "Look at the last 30 days" }).click();
    await page.getByRole("row", { name: /^spring/ }).waitFor();

    await page.goto(`${server.url}/?project_id=nobody`);
    await expect.poll(() => page.getByRole("alert").textContent(), soon).toMatch(/no project “nobody”/);
    // Two lines of text and a button are no taller than that.
    expect((await page.getByRole("alert").boundingBox())?.height).toBeLessThan(100);
    await page.getByRole("button", { name: "Open the default project" }).click();
    await figure(page, "visits").waitFor();
  });

  test("needs no scrolling sideways on a phone, and breaks no rule of its content security policy", async () => {
    const page = await signedIn("/404.css");
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    for (const width of [360, 390]) {
      await page.setViewportSize({ width, height: 780 });
      for (const view of ["overview", "campaigns", "funnel", "live"]) {
        await page.goto(`${server.url}/?view=${view}`);
        await page.locator("main .panel").first().waitFor({ timeout: 200_000 });
        await expect.poll(() => page.locator("#content .bone, #content [aria-busy='true']").count(), soon).toBe(0);
        const wide = await page.evaluate("document.documentElement.scrollWidth");
        expect(wide, `${view} at ${width}`).toBeLessThanOrEqual(width);
      }
    }
    expect(complaints).toEqual([]);
  });
});

async function values(page: Page): Promise<{ visits: number; funnel: number }> {
  const funnel = await page.locator('[data-step="visit"] data').getAttribute("value");
  return { visits: await valueIn(page, "visits"), funnel: Number(funnel) };
}
