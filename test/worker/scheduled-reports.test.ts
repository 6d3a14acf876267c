/** Scheduled reports, with a clock that the tests set: one for each period, whatever fails, runs again, or did not run. */
import { SELF } from "cloudflare:test";
import { sql } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import type { ShownChannel } from "../../worker/admin/channels.ts";
import type { ScheduleView, SentReport, TriedReport } from "../../worker/admin/schedules.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { type Every, newestPeriod, periodsDue } from "../../worker/schedules/period.ts";
import { answerOf, call } from "./api.ts";
import { databaseThatEnds } from "./database.ts";
import { runDuty } from "./duty.ts";
import { unwoken } from "./gate.ts";
import { createProject, db, settle, storedEvent } from "./log.ts";
import { received, receiver, sendNoticesTo } from "./receiver.ts";

const PATIENCE = { timeout: 200_000 };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string) => Date.parse(text);

let projects = 0;
const newProject = async (settings: { timezone?: string; currency?: string } = {}): Promise<string> => {
  const project_id = `reports-${++projects}`;
  await createProject(project_id, settings);
  return project_id;
};
const webhook = (project_id: string, url: string) =>
  answerOf<ShownChannel>("POST", "/channels", { project_id, name: "a receiver", kind: "webhook", settings: { url } });
const mailbox = (project_id: string, url: string) =>
  answerOf<ShownChannel>("POST", "/channels", {
    project_id,
    name: "a reader",
    kind: "email",
    settings: {
      to: "reader@example.com",
      from: "edgepixel@example.com",
      url,
      header: "Authorization",
      header_value: "Bearer key",
      body: '{"subject":"{subject}","html":"{html}","end":"{unsubscribe}","files":[{"name":"{csv_name}","content":"{csv_base64}"}]}',
    },
  });
/** A schedule that was made when the day before `sent_to` was over. */
async function scheduleOf(project_id: string, sent_to: string, channels: { id: string }[], more: object = {}) {
  const schedule = await answerOf<ScheduleView>("POST", "/scheduled-reports", {
    project_id,
    name: "Figures",
    every: "day",
    hour: 7,
    channels: channels.map(({ id }) => id),
    ...more,
  });
  await db.run(sql`UPDATE scheduled_reports SET sent_to = ${sent_to} WHERE id = ${schedule.id}`);
  return schedule;
}
const issueAt = (now: number, bindings: Env = unwoken) => runDuty("scheduled reports", bindings, now);
type Told = {
  kind: string;
  title: string;
  figures: { visits: number };
  csv: string;
  report: { from: string; to: string };
};
const told = async (address: string) => (await received(address)).map(({ body }) => JSON.parse(body) as Told);
const periods = async (address: string) => (await told(address)).map(({ report: { from, to } }) => `${from} ${to}`);
async function log(...events: (Partial<StoredEvent> & Pick<StoredEvent, "project_id" | "timestamp">)[]) {
  await append(
    db,
    events.map((event) => storedEvent({ event_type: "visit", player_id: "p", received_at: event.timestamp, ...event })),
  );
  await settle();
}

describe("a period", () => {
  const periodAt = (timezone: string, every: Every, hour: number, now: string) => {
    const { from, to } = newestPeriod(timezone, every, hour, at(now));
    return `${from} ${to}`;
  };

  it.each<[Every, string, string]>([
    ["day", "2026-05-04T07:00:00Z", "2026-05-03 2026-05-03"],
    ["day", "2026-05-04T06:59:59Z", "2026-05-02 2026-05-02"],
    ["week", "2026-05-04T07:00:00Z", "2026-04-27 2026-05-03"],
    ["week", "2026-05-04T06:59:59Z", "2026-04-20 2026-04-26"],
    ["week", "2026-05-05T00:00:00Z", "2026-04-27 2026-05-03"],
    ["month", "2026-03-01T07:00:00Z", "2026-02-01 2026-02-28"],
    ["month", "2026-03-01T06:00:00Z", "2026-01-01 2026-01-31"],
    ["month", "2026-03-31T00:00:00Z", "2026-02-01 2026-02-28"],
  ])("by the %s is at %s %s", (every, now, expected) => {
    expect(periodAt("UTC", every, 7, now)).toBe(expected);
  });

  it("is over by the project's clock", () => {
    expect(periodAt("Pacific/Auckland", "day", 7, "2026-05-03T19:00:00Z")).toBe("2026-05-03 2026-05-03");
    expect(periodAt("America/Los_Angeles", "day", 7, "2026-05-04T07:30:00Z")).toBe("2026-05-02 2026-05-02");
  });

  it("that was missed is due, the oldest first, seven at most", () => {
    const due = (sent_to: string) =>
      periodsDue("day", sent_to, { from: "2026-05-10", to: "2026-05-10" }).map(({ to }) => to);
    expect(due("2026-05-10")).toEqual([]);
    expect(due("2026-05-08")).toEqual(["2026-05-09", "2026-05-10"]);
    expect(due("2026-01-01")).toHaveLength(7);
    expect(periodsDue("month", "2026-02-28", { from: "2026-04-01", to: "2026-04-30" }).map(({ from }) => from)).toEqual(
      ["2026-03-01", "2026-04-01"],
    );
  });
});

describe("a scheduled report", () => {
  it("is sent once a period, at its hour, also for periods that cron missed", PATIENCE, async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const channel = await webhook(project_id, address);
    await scheduleOf(project_id, "2040-02-01", [channel]);
    await issueAt(at("2040-02-03T06:59:00Z"));
    await sendNoticesTo(channel, at("2040-02-03T06:59:00Z"));
    expect(await received(address)).toEqual([]);
    for (const now of ["2040-02-03T07:00:00Z", "2040-02-03T07:05:00Z", "2040-02-03T23:00:00Z"]) {
      await issueAt(at(now));
      await sendNoticesTo(channel, at(now));
    }
    expect(await periods(address)).toEqual(["2040-02-02 2040-02-02"]);
    // Three days without cron.
    await issueAt(at("2040-02-06T12:00:00Z"));
    await sendNoticesTo(channel, at("2040-02-06T12:00:00Z"));
    expect(await periods(address)).toEqual([2, 3, 4, 5].map((day) => `2040-02-0${day} 2040-02-0${day}`));
  });

  it("is sent once, whatever fails or runs at the same time", PATIENCE, async () => {
    const project_id = await newProject();
    const address = await receiver({ status: 500 }, {});
    const channel = await webhook(project_id, address);
    const { id } = await scheduleOf(project_id, "2040-03-01", [channel]);
    const now = at("2040-03-03T08:00:00Z");
    // The invocation ends at each call of the database in turn, before or after it.
    for (const behind of [false, true]) {
      for (let calls = 0; calls < 24; calls++)
        await issueAt(now, { ...unwoken, DB: databaseThatEnds(calls, behind) }).catch(() => undefined);
    }
    // One that fails by itself is tried again later.
    const later = now + HOUR;
    await Promise.all([1, 2, 3].map(() => issueAt(later)));
    await sendNoticesTo(channel, later);
    await sendNoticesTo(channel, later + HOUR);
    await sendNoticesTo(channel, now + DAY);
    // The second try of the same one.
    expect(await periods(address)).toEqual(["2040-03-02 2040-03-02", "2040-03-02 2040-03-02"]);
    const { rows } = await (await call("GET", `/scheduled-reports/${id}/history`)).json<{ rows: SentReport[] }>();
    expect(rows).toMatchObject([{ to: "2040-03-02", status: "sent", tries: 2, channel: "a receiver" }]);
  });

  it("has the figures of its days and tags, and those of the period before", PATIENCE, async () => {
    const project_id = await newProject({ currency: "EUR" });
    const address = await receiver({});
    const channel = await webhook(project_id, address);
    const segment = { project_id, name: "s", filter: { banner_tag_contains: ["aff"] } };
    const { segment_id } = await answerOf<{ segment_id: string }>("POST", "/segments", segment);
    await scheduleOf(project_id, "2040-04-08", [channel], { every: "week", segment_id });
    const day = (date: string) => at(`${date}T12:00:00Z`);
    await log(
      { project_id, timestamp: day("2040-04-09"), banner_tag: "aff-1" },
      { project_id, timestamp: day("2040-04-15"), banner_tag: "=aff-2", player_id: "q" },
      { project_id, timestamp: day("2040-04-10"), banner_tag: "other" },
      { project_id, timestamp: day("2040-04-16"), banner_tag: "aff-1" },
      { project_id, timestamp: day("2040-04-08"), banner_tag: "aff-1" },
      {
        project_id,
        timestamp: day("2040-04-12"),
        banner_tag: "aff-1",
        event_type: "deposit",
        amount: 12_345_000,
        currency: "EUR",
      },
    );
    const now = at("2040-04-16T07:00:00Z");
    await issueAt(now);
    await sendNoticesTo(channel, now);
    const [report] = await told(address);
    expect(report).toMatchObject({
      kind: "report",
      title: `Figures: 2040-04-09 to 2040-04-15 (${project_id})`,
      figures: { visits: 2, deposits: 1, amount: "1234.50", previous: { visits: 1, deposits: 0 } },
      currency: "EUR",
    });
    // No tag is read as a formula by a spreadsheet.
    expect(report?.csv.split("\r\n").map((line) => line.split(",").slice(0, 2).join(","))).toEqual([
      "banner_tag,visits",
      "'=aff-2,1",
      "aff-1,1",
      "",
    ]);
  });

  it("waits while the figures are behind, and is sent when they are not", PATIENCE, async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const channel = await webhook(project_id, address);
    await scheduleOf(project_id, "2040-05-01", [channel]);
    const timestamp = at("2040-05-02T12:00:00Z");
    await append(db, [
      storedEvent({ project_id, event_type: "visit", player_id: "p", timestamp, received_at: timestamp }),
    ]);
    await issueAt(at("2040-05-03T08:00:00Z"));
    await sendNoticesTo(channel, at("2040-05-03T08:00:00Z"));
    expect(await received(address)).toEqual([]);
    await settle();
    await issueAt(at("2040-05-03T08:05:00Z"));
    await sendNoticesTo(channel, at("2040-05-03T08:05:00Z"));
    expect(await told(address)).toMatchObject([{ figures: { visits: 1 } }]);
  });

  it(
    "is not sent for periods that were over when it was made, changed to another period, or paused",
    PATIENCE,
    async () => {
      const project_id = await newProject();
      const address = await receiver({});
      const channel = await webhook(project_id, address);
      const body = { project_id, name: "r", every: "day", hour: 0, channels: [channel.id] };
      const { id, sent_to } = await answerOf<ScheduleView>("POST", "/scheduled-reports", body);
      expect(sent_to).toBe(newestPeriod("UTC", "day", 0, Date.now()).to);
      await db.run(sql`UPDATE scheduled_reports SET sent_to = '2020-01-01' WHERE id = ${id}`);
      const change = async (changes: object) =>
        (await call("PATCH", `/scheduled-reports/${id}`, changes)).json<ScheduleView>();
      expect(await change({ paused: true })).toMatchObject({ paused: true, sent_to: "2020-01-01" });
      await issueAt(Date.now());
      expect(await change({ paused: false })).toMatchObject({ paused: false, sent_to });
      expect(await change({ every: "month" })).toMatchObject({
        sent_to: newestPeriod("UTC", "month", 0, Date.now()).to,
      });
      await issueAt(Date.now());
      await sendNoticesTo(channel, Date.now());
      expect(await received(address)).toEqual([]);
      expect((await call("DELETE", `/scheduled-reports/${id}`)).status).toBe(204);
      expect((await call("GET", `/scheduled-reports/${id}/history`)).status).toBe(404);
    },
  );

  it("by mail ends only by its link, and only for that reader", PATIENCE, async () => {
    const project_id = await newProject();
    const [own, others] = [await receiver({}), await receiver({})];
    const channels = [await mailbox(project_id, own), await webhook(project_id, others)] as const;
    const { id } = await scheduleOf(project_id, "2040-06-01", [...channels]);
    const send = async (now: string) => {
      await issueAt(at(now));
      for (const channel of channels) await sendNoticesTo(channel, at(now));
    };
    await send("2040-06-03T08:00:00Z");
    type Mail = { subject: string; html: string; end: string; files: { name: string; content: string }[] };
    const mails = async () => (await received(own)).map(({ body }) => JSON.parse(body) as Mail);
    const [mail] = await mails();
    expect(mail?.subject).toBe(`Figures: 2040-06-02 (${project_id})`);
    expect(mail?.files).toMatchObject([{ name: `${project_id}-2040-06-02-2040-06-02.csv` }]);
    const link = mail?.end ?? "";
    expect(link).toMatch(/^https:\/\/edgepixel\.example\/api\/v1\/unsubscribe\?token=/);
    expect(mail?.html).toContain(`href="${link}"`);
    // Opening the link changes nothing: mail programs open links by themselves.
    const page = await SELF.fetch(link);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<form method="post"')]);
    await send("2040-06-04T08:00:00Z");
    expect(await mails()).toHaveLength(2);
    for (const forged of [link.replace(/.$/, (sign) => (sign === "0" ? "1" : "0")), link.slice(0, -1), `${link}0`])
      expect((await SELF.fetch(forged, { method: "POST" })).status).toBe(404);
    const oneClick = { method: "POST", body: "List-Unsubscribe=One-Click" };
    for (const _ of [1, 2]) expect((await SELF.fetch(link, oneClick)).status).toBe(200);
    expect(await (await SELF.fetch(link)).text()).toContain("is not sent to you");
    await send("2040-06-05T08:00:00Z");
    expect([(await mails()).length, (await received(others)).length]).toEqual([2, 3]);
    const { rows } = await (await call("GET", `/scheduled-reports?project_id=${project_id}`)).json<{
      rows: ScheduleView[];
    }>();
    expect(rows).toMatchObject([{ id, unsubscribed: [channels[0].id] }]);
    const audit = await (await call("GET", `/audit?project_id=${project_id}`)).json<{
      rows: { action: string; actor: string }[];
    }>();
    expect(audit.rows.filter(({ action }) => action === "scheduled_report.unsubscribe")).toMatchObject([
      { actor: "unsubscribe" },
    ]);
  });

  it("is sent at once as a test, which does not count as its period's report", PATIENCE, async () => {
    const project_id = await newProject();
    const address = await receiver({ body: "thanks" });
    const channel = await webhook(project_id, address);
    const { id } = await scheduleOf(project_id, "2040-07-01", [channel]);
    const { to, sent } = await (await call("POST", `/scheduled-reports/${id}/test`)).json<TriedReport>();
    expect(to).toBe(newestPeriod("UTC", "day", 0, Date.now()).to);
    expect(sent).toMatchObject([{ taken: true, response: "thanks" }]);
    expect(await told(address)).toMatchObject([{ kind: "test" }]);
    expect(await db.all(sql`SELECT * FROM notices WHERE channel_id = ${channel.id}`)).toEqual([]);
  });

  it("of a segment that was removed says so, and delays no other", PATIENCE, async () => {
    const project_id = await newProject();
    const address = await receiver({});
    const channel = await webhook(project_id, address);
    const { segment_id } = await answerOf<{ segment_id: string }>("POST", "/segments", {
      project_id,
      name: "s",
      filter: { banner_tag: ["a"] },
    });
    await scheduleOf(project_id, "2040-08-01", [channel], { segment_id });
    await scheduleOf(project_id, "2040-08-01", [channel]);
    await call("DELETE", `/segments/${segment_id}`);
    await issueAt(at("2040-08-03T08:00:00Z"));
    await sendNoticesTo(channel, at("2040-08-03T08:00:00Z"));
    expect(await received(address)).toHaveLength(1);
    const { rows } = await (await call("GET", `/scheduled-reports?project_id=${project_id}`)).json<{
      rows: ScheduleView[];
    }>();
    expect(new Set(rows.map(({ error }) => error))).toEqual(
      new Set([`there is no segment ${segment_id} any more`, null]),
    );
  });
});
