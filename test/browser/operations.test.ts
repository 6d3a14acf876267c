/** The administrator's views: pasted code works, faults are shown, and failed events can be repaired. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { Browser, Locator, Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import type { DeadLetterView } from "../../worker/admin/dead-letters.ts";
import type { Requests } from "../../worker/admin/requests.ts";
import type { SchemaVersionView } from "../../worker/admin/schemas.ts";
import { addDays } from "../../worker/calendar.ts";
import type { Drift } from "../../worker/registry/drift.ts";
import type { Health } from "../../worker/reports/health.ts";
import { changeDatabase, report, type Server } from "../server.ts";
import { browserPath, signIn } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);
const soon = { timeout: 200_000 };

let server: Server;
let browser: Browser;

async function send(path: string, fields: Record<string, string>): Promise<Response> {
  // A server's user agent is no bot's.
  return fetch(`${server.url}${path}?${new URLSearchParams(fields)}`, { headers: { "user-agent": "Guzzle/7" } });
}
async function post(path: string, body: unknown): Promise<void> {
  const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(`${server.url}/api/v1/${path}`, init);
  expect(answer.status, await answer.text()).toBeLessThan(300);
}
async function made<Body>(path: string, body: unknown): Promise<Body> {
  const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  return (await (await fetch(`${server.url}/api/v1/${path}`, init)).json()) as Body;
}
async function inDatabase(statement: string): Promise<void> {
  const wrangler = resolve(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const args = ["d1", "execute", "DB", "--local", "--persist-to", server.persistTo, "--command", statement];
  await run(process.execPath, [wrangler, ...args], { cwd: ROOT, env: { ...process.env, CI: "true" } });
}

/** `prepare` runs before the page is opened. */
async function signedIn(path: string, prepare?: (page: Page) => Promise<void>): Promise<Page> {
  const page = await signIn(browser, server, { permissions: ["clipboard-read", "clipboard-write"] });
  await prepare?.(page);
  await page.goto(`${server.url}${path}`);
  return page;
}

const searchOf = (page: Page) => new URL(page.url()).search;
const piece = (page: Page, title: string) =>
  page.locator(".piece").filter({ has: page.getByRole("heading", { name: title, exact: true }) });
async function copied(page: Page, from: Locator): Promise<string> {
  await from.getByRole("button", { name: "Copy" }).click();
  await from.getByRole("button", { name: "Copied" }).waitFor();
  return page.evaluate("navigator.clipboard.readText()") as Promise<string>;
}

/** The code of a guide in a language, the first below a heading, with a project's values. */
function documented(file: string, heading: string, language: string, project_id = "default"): string {
  const guide = readFileSync(resolve(ROOT, "docs", file), "utf8");
  const code = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\n\`\`\``).exec(guide.slice(guide.indexOf(heading)))?.[1];
  return (code ?? "").replaceAll("https://YOUR-HOST", server.url).replaceAll("YOUR-PROJECT", project_id);
}

describe.skipIf(!browserPath)("the views of administrators", () => {
  serverAndBrowser((started, launched) => {
    [server, browser] = [started, launched];
  });

  test("lead from an empty overview to a pixel that is shown as it arrives", async () => {
    const page = await signedIn("/");
    await page.getByRole("heading", { name: "Waiting for the first event" }).waitFor();
    await page.locator(".welcome").getByRole("button", { name: "Install tracking" }).click();
    expect(searchOf(page)).toBe("?view=setup");
    const check = page.locator(".check");
    await check.getByText("Waiting for your first event…").waitFor();
    await expect.poll(() => check.getByText("Live", { exact: true }).count(), soon).toBe(1);

    await page.getByRole("button", { name: "Send a test visit" }).click();
    await expect.poll(() => check.locator("dl").textContent(), soon).toMatch(/Status200x-event-statusaccepted/);
    expect(await check.textContent()).toContain("Waiting for your first event…");

    await page.getByRole("button", { name: "Pixels", exact: true }).click();
    const visit = await copied(page, piece(page, "Visit"));
    expect(visit).toBe(documented("pixels.md", "## Pixels", "text").split("\n")[0]);
    expect((await fetch(visit)).status).toBe(200);
    await expect.poll(() => check.textContent(), soon).toMatch(/Received: visit of summer, \ds ago/);
  });

  test("show a postback whose macros were not expanded, in words, within seconds", async () => {
    const page = await signedIn("/?view=setup&part=postback");
    const url = await copied(page, piece(page, "The address to give to the network"));
    expect(url).toBe(documented("pixels.md", "## Postbacks", "text"));
    // The macro of the player alone would be refused with another reason.
    const named = url.replace("{player_id}", "own-player");
    expect((await fetch(named)).headers.get("x-event-error")).toBe("unexpanded_macro amount");
    const refused = page.locator(".rejected");
    await expect.poll(() => refused.textContent(), soon).toMatch(/deposit.*\{payout\} arrived unexpanded/);
    await refused.getByRole("button", { name: /^deposit/ }).click();
    await page.getByRole("dialog").getByText('"amount": "{payout}"').waitFor();

    const expanded = url.replaceAll(/\{(\w+)\}/g, (_, name) =>
      name === "payout" ? "25.00" : name === "currency" ? "EUR" : `own-${name}`,
    );
    expect((await fetch(expanded)).status).toBe(200);
    await expect.poll(() => page.locator(".check").textContent(), soon).toMatch(/Received: deposit of own-btag/);
  });

  test("give the code of the docs, which runs unchanged with the key that is made on the same page", async () => {
    const page = await signedIn("/?view=setup");
    expect(await copied(page, piece(page, "On every page, at the end of the head"))).toBe(
      documented("pixels.md", "## The snippet", "html"),
    );
    expect(await copied(page, piece(page, "When something happens"))).toBe(
      documented("pixels.md", "## The snippet", "js"),
    );
    await page.getByRole("button", { name: "Server", exact: true }).click();
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByText("This is the only time that the key is shown.").waitFor();
    const exported = await copied(page, piece(page, "A key"));
    const key = /^export EDGEPIXEL_KEY=(ep_\w+)$/.exec(exported)?.[1] as string;
    const env = { ...process.env, EDGEPIXEL_KEY: key };

    const curl = await copied(page, piece(page, "curl"));
    expect(curl).toBe(documented("events.md", "# Events API", "sh"));
    expect(JSON.parse((await run("sh", ["-c", `${curl} -s`], { env })).stdout)).toMatchObject({ status: "accepted" });

    const python = await copied(page, piece(page, "Python"));
    expect(python).toBe(documented("events.md", "# Events API", "python"));
    if (await run("python3", ["--version"]).catch(() => null))
      expect((await run("python3", ["-c", python], { env })).stdout).toContain("accepted");

    const node = await copied(page, piece(page, "Node").locator(".snippet").last());
    expect(node).toBe(documented("sdk.md", "# Client SDK", "ts"));
    const own = node.replace("edgepixel/client", resolve(ROOT, "pixel/client.ts"));
    const script = `${own}\nconsole.log(client.stats().accepted)`;
    expect((await run(process.execPath, ["--input-type=module-typescript", "-e", script], { env })).stdout).toBe("2\n");

    expect(await copied(page, piece(page, "PHP"))).toBe(documented("events.md", "# Events API", "php"));
  });

  test("sign a deposit where the project demands it, as the documented code does", async () => {
    await post("projects", { project_id: "strict", require_signature: true });
    const page = await signedIn("/?view=setup&part=pixels&project_id=strict");
    await page.getByText(/&sig=[0-9a-f]{64}$/).waitFor();
    const deposit = await copied(page, piece(page, "Deposit, signed"));
    expect((await fetch(deposit)).headers.get("x-event-status")).toBe("accepted");
    const forged = await fetch(deposit.replace("25.00", "99.00"));
    expect(forged.headers.get("x-event-error")).toBe("bad_signature sig");
    expect(await copied(page, piece(page, "Sign in Python"))).toBe(
      documented("pixels.md", "## Signatures", "python", "strict"),
    );
  });

  test("filter requests by the address, count reasons, show all of one request, and do not move meanwhile", async () => {
    const refuse = (n: number) => send("/registration", { player_id: `r${n}` });
    await refuse(0);
    await vi.waitFor(async () => {
      const { counts } = await report<Requests>(server, "requests?status=rejected");
      expect(counts.by_reason.map(({ code }) => code)).toContain("missing");
    }, soon);
    const page = await signedIn("/?view=requests", (page) => page.clock.install());
    const rows = page.locator(".requests tbody tr");
    const all = await report<Requests>(server, "requests");
    await expect.poll(() => rows.count(), soon).toBe(all.rows.length);
    for (const { door, code, field, total } of all.counts.by_reason) {
      const cell = page.locator(`.reasons [data-row="${door} ${code} ${field}"] [data-column="total"] data`);
      expect(await cell.getAttribute("value")).toBe(String(total));
    }

    await page.locator(".reasons").getByRole("button", { name: "unexpanded_macro" }).first().click();
    expect(searchOf(page)).toBe("?view=requests&code=unexpanded_macro");
    await expect.poll(() => rows.count(), soon).toBe(1);
    await page.getByLabel("Code").selectOption("missing");
    await page.getByLabel("Event type").fill("registration");
    await page.getByLabel("Event type").press("Enter");
    await page.locator("fieldset").getByRole("button", { name: "Rejected", exact: true }).click();
    await expect
      .poll(() => rows.locator('[data-column="errors"]').allTextContents(), soon)
      .toEqual(["missing banner_tag"]);
    const address = "?view=requests&event_type=registration&code=missing&part=rejected";
    expect(searchOf(page)).toBe(address);
    await page.reload();
    await expect.poll(() => rows.count(), soon).toBe(1);
    await rows.getByRole("button").click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.textContent()).toMatch(/A pixel needs the campaign's tag.*"player_id": "r0"/s);
    await page.keyboard.press("Escape");

    await refuse(1);
    await expect.poll(() => rows.count(), soon).toBe(2);
    await page.getByRole("button", { name: "Pause" }).click();
    await refuse(2);
    await vi.waitFor(async () => {
      const { rows } = await report<Requests>(server, "requests?event_type=registration&status=rejected");
      expect(rows.length).toBe(3);
    }, soon);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.clock.runFor(60_000);
    expect([await rows.count(), asked.filter((url) => url.includes("/requests?"))]).toEqual([2, []]);
    await page.getByRole("button", { name: "Go on" }).click();
    await expect.poll(() => rows.count(), soon).toBe(3);
  });

  test("the overview lists what needs attention, the most urgent first, with a link to each", async () => {
    const project_id = "watched";
    await post("projects", { project_id });
    const today = new Date().toISOString().slice(0, 10);
    const day = (back: number) => addDays(today, -back);
    /** Visits of two tags, of which one stopped three days ago. */
    const events = Array.from({ length: 36 }, (_, back) => back).flatMap((back) =>
      ["aff-east", "aff-west"]
        .filter((banner_tag) => back > 0 && (banner_tag === "aff-west" || back > 3))
        .flatMap((banner_tag) =>
          Array.from({ length: 20 }, (_, n) => ({
            event_type: "visit",
            visitor_id: `${banner_tag}-${back}-${n}`,
            banner_tag,
            timestamp: `${day(back)}T${String(n).padStart(2, "0")}:30:00Z`,
          })),
        ),
    );
    for (let from = 0; from < events.length; from += 500)
      await post(`import?project_id=${project_id}`, { events: events.slice(from, from + 500) });
    await vi.waitFor(async () => {
      const { rows } = await report<{ rows: { kind: string; banner_tag: string | null }[] }>(
        server,
        `anomalies?project_id=${project_id}&from=${day(6)}&to=${today}`,
      );
      expect(rows).toContainEqual(expect.objectContaining({ kind: "silence", banner_tag: "aff-east" }));
    }, soon);

    // A new project needs no attention: there is no strip, and no space for one.
    await post("projects", { project_id: "quiet" });
    const quiet = await signedIn("/?project_id=quiet");
    await quiet.locator(".card").first().waitFor();
    expect(await quiet.locator('.attention [data-sign="rejected"], .attention [data-sign="silent"]').count()).toBe(0);

    const about = { project_id, currency: "KWD" };
    for (const n of [1, 2, 3])
      await send("/deposit", { ...about, player_id: `w${n}`, btag: "aff-west", amount: "{payout}" });
    await send("/visit", { project_id, player_id: "undefined", btag: "aff-south" });
    await send("/deposit", { ...about, player_id: "w1", btag: "aff-west", amount: "5" });
    for (const name of ["Failing", "Given up", "Paused by hand", "Well"])
      await post("postbacks", {
        project_id,
        name,
        url: "https://partner.example/postback?id={player_id}",
        event_types: ["install"],
      });
    const target = (name: string, change: string) =>
      changeDatabase(
        server,
        `UPDATE postback_targets SET ${change} WHERE project_id = '${project_id}' AND name = '${name}'`,
      );
    target("Failing", "failures = 12");
    target("Given up", "failures = 20, paused_at = 1");
    target("Paused by hand", "paused_at = 1");
    await vi.waitFor(async () => {
      const { counts } = await report<Requests>(server, `requests?project_id=${project_id}`);
      expect(counts.rejected).toBe(4);
      const health = (await (await fetch(`${server.url}/health`)).json()) as Health;
      expect(health.exchange_rates.without_rate).toContain("KWD");
    }, soon);

    const page = await signedIn(`/?project_id=${project_id}`, async (page) => {
      await page.addInitScript(() => {
        const seen = window as unknown as { shifts: number };
        seen.shifts = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) seen.shifts += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
      });
    });
    const strip = page.getByRole("region", { name: "Needs attention" });
    await strip.waitFor();
    await page.waitForLoadState("networkidle");
    expect(await page.evaluate("shifts")).toBeLessThan(0.01);
    const told = await strip
      .locator("[data-sign]")
      .evaluateAll((signs) =>
        Object.fromEntries(signs.map((sign) => [sign.getAttribute("data-sign"), sign.textContent])),
      );
    expect(told).toMatchObject({
      rejected: expect.stringMatching(
        /^4 requests were rejected since (?:yesterday, )?\d\d:\d\d: aff-west, aff-south$/,
      ),
      silent: expect.stringMatching(/^aff-east is silent since /),
      rates: expect.stringContaining("KWD"),
      targets: expect.stringMatching(/^Postbacks fail: (?:Failing, Given up|Given up, Failing)$/),
    });

    // By keyboard, the link of each sign.
    await strip.getByRole("link", { name: /rejected/ }).focus();
    await page.keyboard.press("Enter");
    await page.locator(".requests tbody tr").first().waitFor();
    expect(searchOf(page)).toBe("?view=requests&project_id=watched&part=rejected");
    await page.goBack();
    await strip.getByRole("link", { name: /silent/ }).click();
    await page.getByRole("heading", { name: "Anomalies" }).first().waitFor();
    expect(searchOf(page)).toBe("?view=anomalies&project_id=watched&banner_tag=aff-east");

    // A reader of figures only sees the silence, and no signs for administrators.
    const { key } = await made<{ key: string }>("keys", { name: "reader", project_id, role: "viewer" });
    const reader = await (await browser.newContext()).newPage();
    expect((await reader.request.post(`${server.url}/api/v1/session`, { data: { key } })).status()).toBe(200);
    await reader.goto(server.url);
    await reader.locator('.attention [data-sign="silent"]').waitFor();
    expect(await reader.locator(".attention [data-sign]").count()).toBe(1);
  });

  test("edit, replay and discard events that the log could not store", async () => {
    await inDatabase(
      "CREATE TRIGGER cursed BEFORE INSERT ON events WHEN NEW.banner_tag = 'cursed' BEGIN SELECT RAISE(ABORT, 'cursed'); END",
    );
    for (const n of [1, 2, 3, 4]) {
      const sent = { event_id: `c${n}`, player_id: `c${n}`, btag: "cursed", amount: `${n}.50`, currency: "EUR" };
      expect((await send(n === 4 ? "/pixel/withdrawal" : "/deposit", sent)).status).toBe(200);
    }
    type Letters = { rows: DeadLetterView[] };
    const waiting = async () => (await report<Letters>(server, "dead-letters?status=waiting")).rows;
    await vi.waitFor(async () => expect((await waiting()).length).toBe(4), { timeout: 200_000, interval: 300 });
    const page = await signedIn("/?view=dead_letters");
    const rows = page.locator(".dead-letters tbody tr");
    const letters = await waiting();
    await expect
      .poll(() => rows.locator('[data-column="event_id"]').allTextContents(), soon)
      .toEqual(letters.map(({ event_id }) => event_id));

    // Ids made by the server may contain these letters, too.
    const own = (event_id: string) =>
      page.locator('[data-column="event_id"]', { hasText: new RegExp(`^${event_id}$`) });
    const row = (event_id: string) => rows.filter({ has: own(event_id) }).getByRole("button");
    const dialog = page.getByRole("dialog");
    await row("c1").click();
    expect(await dialog.textContent()).toMatch(/cursed: SQLITE_CONSTRAINT.*"event_id": "c1"/s);
    await dialog.getByRole("button", { name: "Replay" }).click();
    await expect.poll(() => dialog.getByRole("alert").textContent(), soon).toMatch(/could not be stored.*cursed/i);
    await dialog.getByRole("button", { name: "Edit" }).click();
    const field = dialog.getByLabel("The event by its fields, as JSON");
    const event = JSON.parse(await field.inputValue());
    expect(event).toMatchObject({ event_id: "c1", amount: "1.50", banner_tag: "cursed" });
    await field.fill("{");
    await dialog.getByRole("button", { name: "Save the event" }).click();
    await dialog.getByText(/^This is not a JSON object: /).waitFor();
    await field.fill(JSON.stringify({ ...event, amount: "1,50" }));
    await dialog.getByRole("button", { name: "Save the event" }).click();
    await expect.poll(() => dialog.getByRole("alert").textContent(), soon).toMatch(/not valid.*amount must be/);
    const { banner_tag: _, ...untagged } = event;
    await field.fill(JSON.stringify({ ...untagged, amount: "1.75" }));
    await dialog.getByRole("button", { name: "Save the event" }).click();
    await expect.poll(() => dialog.textContent(), soon).toMatch(/"amount": 17500/);
    await dialog.getByRole("button", { name: "Replay" }).click();
    await expect.poll(() => rows.count(), soon).toBe(3);
    type Stored = { amount: string; banner_tag: string | null };
    const stored = (event_id: string) => report<Stored>(server, `events/${event_id}`);
    expect(await stored("c1")).toMatchObject({ amount: "1.75" });

    const many = Array.from({ length: 110 }, (_, n) => ({
      event_type: "bulk",
      player_id: `b${n}`,
      banner_tag: "cursed",
    }));
    await post("events", many);
    const bulk = async () => (await report<Letters>(server, "dead-letters?event_type=bulk&limit=1000")).rows;
    await vi.waitFor(async () => expect((await bulk()).length).toBe(110), { timeout: 200_000, interval: 300 });
    await inDatabase("DROP TRIGGER cursed");
    await page.getByLabel("Event type").fill("deposit");
    await page.getByLabel("Event type").press("Enter");
    await expect.poll(() => rows.count(), soon).toBe(2);
    expect(searchOf(page)).toBe("?view=dead_letters&event_type=deposit");
    await page.getByRole("button", { name: "Replay all…" }).click();
    await dialog.getByRole("button", { name: "Replay all" }).click();
    await page.getByText("2 replayed.").waitFor();
    await page.getByText("No letter fits.").waitFor();
    expect(await stored("c3")).toMatchObject({ amount: "3.50", banner_tag: "cursed" });

    // More than a page of them: each is shown once, and all are replayed.
    await page.getByLabel("Event type").fill("bulk");
    await page.getByLabel("Event type").press("Enter");
    await page.getByRole("button", { name: "Show more" }).click();
    await expect
      .poll(() => rows.locator('[data-column="event_id"]').allTextContents(), soon)
      .toEqual((await bulk()).map(({ event_id }) => event_id));
    expect(await page.getByRole("button", { name: "Show more" }).count()).toBe(0);
    await page.getByRole("button", { name: "Replay all…" }).click();
    await dialog.getByRole("button", { name: "Replay all" }).click();
    await page.getByText("110 replayed.").waitFor();
    expect((await bulk()).every(({ status }) => status === "replayed")).toBe(true);

    await page.getByRole("button", { name: "Show all that wait" }).click();
    await row("c4").click();
    await dialog.getByRole("button", { name: "Discard…" }).click();
    await dialog.getByRole("button", { name: "Discard the letter" }).click();
    await page.getByText("Nothing failed: every event that was accepted is in the log.").waitFor();
    expect((await report<Letters>(server, "dead-letters?status=discarded")).rows).toMatchObject([{ event_id: "c4" }]);
  });

  test("register a schema, show how events drift from it, refuse what is incompatible, and retire it", async () => {
    const page = await signedIn("/?view=schemas");
    const dialog = page.getByRole("dialog");
    await page.getByText(/No event type has a schema/).waitFor();
    const ofLevel = (level: object, ...required: string[]) =>
      JSON.stringify({ properties: { data: { type: "object", required, properties: { level } } } });
    await page.getByRole("button", { name: "Add a schema" }).click();
    await dialog.getByLabel("Event type").fill("level_up");
    await dialog.getByLabel("JSON Schema").fill(ofLevel({ type: "whole" }));
    await dialog.getByRole("button", { name: "Register" }).click();
    await expect.poll(() => dialog.getByRole("alert").textContent(), soon).toMatch(/#\/properties\/data.*type/);
    await dialog.getByLabel("JSON Schema").fill(ofLevel({ type: "integer" }, "level"));
    await dialog.getByRole("button", { name: "Register" }).click();
    await page.getByRole("heading", { name: "Schema of level_up" }).waitFor();
    expect(searchOf(page)).toBe("?view=schemas&event_type=level_up");

    const events = [{ level: "three", loot: 1 }, { level: 3 }, {}];
    await post(
      "events",
      events.map((data, n) => ({ event_type: "level_up", player_id: `l${n}`, data })),
    );
    type Schema = { mode: string; version: number; retired_at: string | null; versions: unknown[]; drift: Drift };
    const schema = () => report<Schema>(server, "schemas/level_up");
    await vi.waitFor(async () => expect((await schema()).drift.sample.events).toBe(3), soon);
    const { drift } = await schema();
    expect(drift.violations.length).toBeGreaterThan(0);
    await page.reload();
    for (const { field, message, events } of drift.violations) {
      const cell = page.locator(`.drift [data-row="${field} ${message}"] [data-column="events"] data`);
      await expect.poll(() => cell.getAttribute("value"), soon).toBe(String(events));
    }
    await page.locator('.drift [data-row="data.loot"]').waitFor();

    await page.getByRole("button", { name: "Enforce" }).click();
    await expect.poll(async () => (await schema()).mode, soon).toBe("enforce");

    await page.getByRole("button", { name: "New version" }).click();
    await dialog.getByLabel("JSON Schema").fill(ofLevel({ type: "integer", minimum: 1 }, "level"));
    await dialog.getByRole("button", { name: "Register" }).click();
    await expect
      .poll(() => dialog.getByRole("alert").textContent(), soon)
      .toMatch(/would refuse what version 1 of level_up accepts#\/properties\/data\/properties\/level\/minimum/);
    expect((await schema()).version).toBe(1);
    await dialog.getByLabel(/Register all the same/).check();
    await dialog.getByRole("button", { name: "Register" }).click();
    await page.getByText(/^Version 2,/).waitFor();
    expect((await schema()).versions.length).toBe(2);

    await page.getByRole("button", { name: "Retire…" }).click();
    await dialog.getByRole("button", { name: "Retire the schema" }).click();
    await page.getByText("none: retired").waitFor();
    await page.getByRole("button", { name: "All schemas" }).click();
    const { rows } = await report<{ rows: SchemaVersionView[] }>(server, "schemas");
    expect(rows.every(({ current }) => !current)).toBe(true);
    await expect
      .poll(() => page.locator('[data-row="level_up"] [data-column="mode"]').textContent(), soon)
      .toBe("retired");
  });

  test("need no scrolling sideways on a phone, in any of their parts", async () => {
    const page = await signedIn("/?view=schemas");
    await page.setViewportSize({ width: 390, height: 844 });
    const parts = ["setup", "setup&part=pixels&project_id=strict", "setup&part=postback", "setup&part=server"];
    for (const part of [
      ...parts,
      "requests&part=rejected",
      "dead_letters&part=discarded",
      "schemas&event_type=level_up",
    ]) {
      await page.goto(`${server.url}/?view=${part}`);
      await page.locator(".panel :is(.piece, .data-table td data, .data-table .badge)").first().waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth"), part).toBeLessThanOrEqual(390);
    }
  });
});
