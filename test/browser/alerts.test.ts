/** The dashboard's alerts, channels and scheduled reports, as administrators use them. */
import type { Browser } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import type { AlertView } from "../../worker/admin/alerts.ts";
import type { ScheduleView, SentReport } from "../../worker/admin/schedules.ts";
import { report, type Server } from "../server.ts";
import { browserPath, changeAnswers, inDialog, press, signInAt, startReceiver } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";

const QUIET = "Quiet hours, as 22:00-07:00";
const soon = { timeout: 200_000 };

let server: Server;
let browser: Browser;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
const received: { kind: string }[] = [];

const signedIn = (path: string) => signInAt(browser, server, path);

describe.skipIf(!browserPath)("alerts", () => {
  serverAndBrowser(async (started, launched) => {
    [server, browser] = [started, launched];
    receiver = await startReceiver(({ body }) => {
      received.push(JSON.parse(body) as { kind: string });
      return { status: 200, text: "thanks" };
    });
  });

  afterAll(() => {
    receiver?.stop();
  });

  test("a channel, an alert and a report are made, tried, paused, changed and removed", async () => {
    const page = await signedIn("/?view=alerts");
    await press(page, "Make a channel");
    await page.getByLabel("Name").fill("Our server");
    await page.getByLabel("Kind").selectOption("webhook");
    await page.getByLabel("Address").fill(`${receiver.url}/in`);
    await inDialog(page).getByRole("button", { name: "Make the channel" }).click();
    await inDialog(page).getByText("Copy it now").waitFor(soon);
    await page.keyboard.press("Escape");
    await page.getByText(`${receiver.url}/in`).waitFor(soon);

    await press(page, "Our server");
    await press(page, "Change…");
    await page.getByLabel("Name").fill("Our own server");
    await page.getByLabel("Address").fill(`${receiver.url}/other`);
    await page.getByLabel("A new secret").check();
    await press(page, "Change the channel");
    await inDialog(page).getByText("Copy it now").waitFor(soon);
    await page.keyboard.press("Escape");
    await page.getByText(`${receiver.url}/other`).waitFor(soon);
    await press(page, "Change…");
    await page.getByLabel("Name").fill("Our server");
    await press(page, "Change the channel");
    await page.getByRole("heading", { name: "Our server" }).waitFor(soon);
    // An empty field leaves the channel's address unchanged.
    await page.getByText(`${receiver.url}/other`).waitFor(soon);
    await press(page, "All alerts");

    await press(page, "Make an alert");
    await page.getByLabel("Name").fill("No deposits");
    await page.getByLabel("Quiet hours").fill("25:00-07:00");
    await inDialog(page).getByRole("button", { name: "Make the alert" }).click();
    await inDialog(page).getByText("must be a time, such as 22:00").waitFor(soon);
    await page.getByLabel("Quiet hours").fill("");
    await inDialog(page).getByRole("button", { name: "Make the alert" }).click();
    await inDialog(page).waitFor({ state: "detached", ...soon });

    await press(page, /No deposits/);
    await press(page, "Send a test");
    await inDialog(page).getByText("Our server: taken").waitFor(soon);
    await inDialog(page).getByText("No deposit events in the last 6 hours.").waitFor(soon);
    expect(received).toMatchObject([{ kind: "test" }]);
    await page.keyboard.press("Escape");
    await press(page, "Pause");
    await page.getByRole("button", { name: "Resume" }).waitFor(soon);
    const { rows } = await report<{ rows: AlertView[] }>(server, "alerts");
    expect(rows).toMatchObject([
      { state: "paused", condition: { kind: "silence", event_type: "deposit", minutes: 360 }, cool_down: 60 },
    ]);

    await press(page, "Change…");
    const field = (label: string) => inDialog(page).getByLabel(label);
    expect(await field("Watch").inputValue()).toBe("silence");
    expect([await field("Of").inputValue(), await field("Minutes").first().inputValue()]).toEqual(["deposit", "360"]);
    await field("Name").fill("Few deposits");
    await field("Watch").selectOption("fall");
    await field("Number").fill("40");
    await field("Only where").fill("country=Germany, at_least=5");
    await field("Quiet hours").fill("22:00-07:00");
    await field("Minutes between").fill("30");
    await press(page, "Change the alert");
    await inDialog(page).getByText("two capital letters").waitFor(soon);
    await field("Only where").fill("country=DE, at_least=5");
    await field("Our server").uncheck();
    await press(page, "Change the alert");
    await inDialog(page).waitFor({ state: "detached", ...soon });
    await page.getByRole("heading", { name: "Few deposits" }).waitFor(soon);
    const settings = async () => {
      const [alert] = (await report<{ rows: AlertView[] }>(server, "alerts")).rows;
      const { name, state, condition, channels, cool_down, quiet_from, quiet_to } = alert as AlertView;
      return { name, state, condition, channels, cool_down, quiet: [quiet_from, quiet_to] };
    };
    const changed = {
      name: "Few deposits",
      state: "paused",
      condition: {
        ...{ kind: "change", direction: "fall", percent: 40, minutes: 360, country: "DE", at_least: 5 },
        ...{ metric: "events", event_type: "deposit" },
      },
      channels: [],
      cool_down: 30,
      quiet: ["22:00", "07:00"],
    };
    expect(await settings()).toEqual(changed);
    // The form has all settings: those that are not edited stay the same.
    await press(page, "Change…");
    await field("Our server").check();
    await field("Quiet hours").fill("");
    await press(page, "Change the alert");
    await inDialog(page).waitFor({ state: "detached", ...soon });
    expect(await settings()).toEqual({ ...changed, channels: rows[0]?.channels, quiet: [null, null] });
    await page.goBack();

    // The form shows only the fields that the kind uses.
    await press(page, "Make an alert");
    const labels = async () => inDialog(page).locator(".fields label").allTextContents();
    expect(await labels()).toEqual([
      "Watch",
      "Of",
      "Minutes",
      "Tags",
      "Only where",
      "Minutes between incidents",
      QUIET,
    ]);
    await field("Watch").selectOption("postbacks");
    expect(await labels()).toEqual(["Watch", "Minutes between incidents", QUIET]);
    await field("Watch").selectOption("plan");
    expect(await labels()).toEqual(["Watch", "Number", "Minutes between incidents", QUIET]);
    await field("Name").fill("The plan");
    await field("Number").fill("80");
    await press(page, "Make the alert");
    await inDialog(page).waitFor({ state: "detached", ...soon });
    const watched = await report<{ rows: AlertView[] }>(server, "alerts");
    expect(watched.rows.map(({ condition }) => condition)).toContainEqual({ kind: "plan", percent: 80 });
    await press(page, /The plan/);
    await press(page, "Remove…");
    await press(page, "Remove it");
    await page.getByText("Few deposits").waitFor(soon);

    const saved = await page.request.post(`${server.url}/api/v1/segments`, {
      headers: { authorization: `Bearer ${server.token}` },
      data: { project_id: "default", name: "theirs", filter: { country: ["DE"] } },
    });
    const segment = (await saved.json()) as { segment_id: string };
    await press(page, "Schedule a report");
    await page.getByLabel("Name").fill("The week");
    await page.getByLabel("Every").selectOption("week");
    await inDialog(page).getByRole("button", { name: "Schedule the report" }).click();
    await inDialog(page).waitFor({ state: "detached", ...soon });
    const schedules = await report<{ rows: ScheduleView[] }>(server, "scheduled-reports");
    expect(schedules.rows).toMatchObject([{ every: "week", hour: 7, channels: rows[0]?.channels }]);

    await changeAnswers(page, "**/scheduled-reports/*/history?*", () => {
      const sent: SentReport = {
        ...{ channel_id: "c", channel: "Our server", to: "2026-11-22", status: "waiting", tries: 2 },
        ...{ at: "2026-11-23T07:00:00.000Z", answer: 503, body: null, error: "HTTP 503" },
      };
      return { json: { rows: [sent], next_cursor: null } };
    });
    await press(page, /The week/);
    await page.getByRole("cell", { name: "HTTP 503" }).waitFor(soon);
    await press(page, "Change…");
    await field("Name").fill("A day of theirs");
    await field("Every").selectOption("day");
    await field("From this hour").fill("24");
    await press(page, "Change the report");
    await inDialog(page).getByText("must be 23 at most").waitFor(soon);
    await field("From this hour").fill("9");
    await field("Tags").fill("aff-x, aff-y");
    await field("Segment").selectOption("theirs");
    await press(page, "Change the report");
    await inDialog(page).waitFor({ state: "detached", ...soon });
    await page.getByRole("heading", { name: "A day of theirs" }).waitFor(soon);
    const [scheduled] = (await report<{ rows: ScheduleView[] }>(server, "scheduled-reports")).rows;
    const reported = { name: "A day of theirs", every: "day", hour: 9, banner_tags: ["aff-x", "aff-y"] };
    expect(scheduled).toMatchObject({ ...reported, segment_id: segment.segment_id, channels: rows[0]?.channels });
    await press(page, "Change…");
    await field("Segment").selectOption("everybody");
    await field("Tags").fill("");
    await press(page, "Change the report");
    await inDialog(page).waitFor({ state: "detached", ...soon });
    const [whole] = (await report<{ rows: ScheduleView[] }>(server, "scheduled-reports")).rows;
    expect(whole).toEqual({ ...scheduled, segment_id: null, banner_tags: null });
    await page.goBack();

    await press(page, /Few deposits/);
    await press(page, "Remove…");
    await inDialog(page).getByRole("button", { name: "Remove it" }).click();
    await page.getByText("No alerts yet").waitFor(soon);
  }, 400_000);
});
