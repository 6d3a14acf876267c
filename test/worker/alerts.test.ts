/** Alerts, with a clock that the tests set: one message when an incident begins and one when it ends, whatever runs again. */
import { env, SELF } from "cloudflare:test";
import { sql } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import type { AlertView, IncidentView, TriedAlert } from "../../worker/admin/alerts.ts";
import type { ChannelView, ShownChannel } from "../../worker/admin/channels.ts";
import { watch } from "../../worker/alerts/watching.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { keepDeadLetters } from "../../worker/event-log/dead-letters.ts";
import { PAUSES_MS } from "../../worker/postbacks/ladder.ts";
import { live } from "../../worker/projections/live.ts";
import { advance } from "../../worker/projections/runner.ts";
import { metered } from "../../worker/store/budget.ts";
import { answerOf, call, HOST } from "./api.ts";
import { databaseThatEnds } from "./database.ts";
import { runDuty } from "./duty.ts";
import { unwoken } from "./gate.ts";
import { createProject, db, settle, storedEvent } from "./log.ts";
import { received, receiver, sendNoticesTo } from "./receiver.ts";

const PATIENCE = { timeout: 200_000 };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Each test has separate days, later than those before: alerts are judged by a clock that only goes forward. */
let days = 0;
const nextDay = () => Date.parse("2040-01-01T00:00:00Z") + 10 * DAY * ++days;

let projects = 0;
const newProject = async (settings: { timezone?: string } = {}): Promise<string> => {
  const project_id = `alerts-${++projects}`;
  await createProject(project_id, settings);
  return project_id;
};

const webhook = (project_id: string, url: string) =>
  answerOf<ShownChannel>("POST", "/channels", { project_id, name: "a receiver", kind: "webhook", settings: { url } });
const alertOn = (project_id: string, condition: unknown, channels: { id: string }[], more: object = {}) =>
  answerOf<AlertView>("POST", "/alerts", {
    project_id,
    name: "An alert",
    condition,
    channels: channels.map(({ id }) => id),
    ...more,
  });
const historyOf = async ({ id }: { id: string }) =>
  (await (await call("GET", `/alerts/${id}/history`)).json<{ rows: IncidentView[] }>()).rows;
const stateOf = async ({ id, project_id }: AlertView) =>
  (await (await call("GET", `/alerts?project_id=${project_id}`)).json<{ rows: AlertView[] }>()).rows.find(
    (row) => row.id === id,
  ) as AlertView;

/** Into the log, and on to the live counters. */
async function log(now: number, ...events: (Partial<StoredEvent> & Pick<StoredEvent, "project_id">)[]): Promise<void> {
  await append(
    db,
    events.map((event) =>
      storedEvent({ event_type: "deposit", player_id: "p", timestamp: now, received_at: now, ...event }),
    ),
  );
  await count(now);
}
async function count(now: number): Promise<void> {
  while ((await advance(env, db, live, now)).behind > 0);
}

/** Runs all that is due, in as many invocations as the free plan needs, each like after a restart. */
const watchAt = (now: number, bindings: Env = unwoken) => runDuty("alerts", bindings, now);
const told = async (address: string) =>
  (await received(address)).map(({ body }) => JSON.parse(body) as { kind: string; lines: string[]; subject: string });
const kindsAt = async (address: string) => (await told(address)).map(({ kind }) => kind);

const SILENCE = { kind: "silence", event_type: "deposit", banner_tags: ["aff-x"], minutes: 360 };

describe("silence", () => {
  it("is notified once when it begins and once when it ends, by the clock alone", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const address = await receiver({});
    const channel = await webhook(project_id, address);
    const alert = await alertOn(project_id, SILENCE, [channel]);
    await log(now, { project_id, banner_tag: "aff-x" });
    await watchAt(now + HOUR);
    expect((await stateOf(alert)).state).toBe("quiet");
    // Deposits of another tag do not end the silence.
    await log(now + 5 * HOUR, { project_id, banner_tag: "aff-y" });
    await watchAt(now + 5 * HOUR);
    expect(await historyOf(alert)).toEqual([]);
    const begins = now + 6 * HOUR + 5 * MINUTE;
    for (const at of [0, 5, 10, 60]) {
      await watchAt(begins + at * MINUTE);
      await sendNoticesTo(channel, begins + at * MINUTE);
    }
    expect(await told(address)).toMatchObject([
      {
        kind: "opened",
        project_id,
        lines: ["No deposit events of tag aff-x in the last 6 hours."],
        at: new Date(begins).toISOString(),
        alert: { id: alert.id, name: "An alert" },
        link: `${HOST}/?project_id=${project_id}&view=alerts`,
      },
    ]);
    expect(await stateOf(alert)).toMatchObject({
      state: "open",
      incident: { opened_at: new Date(begins).toISOString() },
    });
    const over = begins + 2 * HOUR;
    await log(over, { project_id, banner_tag: "aff-x" });
    for (const at of [0, 5, 10]) {
      await watchAt(over + at * MINUTE);
      await sendNoticesTo(channel, over + at * MINUTE);
    }
    expect(await kindsAt(address)).toEqual(["opened", "ended"]);
    const [opened, ended] = await told(address);
    expect(ended?.subject).toBe(opened?.subject);
    expect(ended?.lines[0]).toBe("1 deposit event of tag aff-x in the last 6 hours.");
    expect(await historyOf(alert)).toMatchObject([
      {
        opened_at: new Date(begins).toISOString(),
        ended_at: new Date(over).toISOString(),
        notices: [
          { kind: "opened", status: "sent", channel: "a receiver", tries: 1, answer: 200 },
          { kind: "ended", status: "sent", tries: 1 },
        ],
      },
    ]);
  });

  it("is not notified while the figures are behind, since events may still wait to be counted", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const alert = await alertOn(project_id, { ...SILENCE, minutes: 60 }, []);
    await append(db, [
      storedEvent({ project_id, event_type: "deposit", player_id: "p", banner_tag: "aff-x", received_at: now }),
    ]);
    await watchAt(now + 2 * HOUR);
    expect(await stateOf(alert)).toMatchObject({ state: "quiet", checked_at: new Date(now + 2 * HOUR).toISOString() });
    await count(now + 2 * HOUR);
    await watchAt(now + 2 * HOUR + 5 * MINUTE);
    expect((await stateOf(alert)).state).toBe("open");
  });

  it("of more than a day is read from the tables, including the running hour", PATIENCE, async () => {
    const now = nextDay() + 30 * MINUTE;
    const project_id = await newProject({ timezone: "Asia/Kolkata" });
    const alert = await alertOn(project_id, { ...SILENCE, minutes: 2 * 24 * 60 }, []);
    const event = storedEvent(
      { project_id, event_type: "deposit", player_id: "p", banner_tag: "aff-x", timestamp: now, received_at: now },
      "Asia/Kolkata",
    );
    await append(db, [event]);
    await settle();
    await watchAt(now + 5 * MINUTE);
    await watchAt(now + 47 * HOUR);
    expect((await stateOf(alert)).state).toBe("quiet");
    await watchAt(now + 50 * HOUR);
    expect((await stateOf(alert)).state).toBe("open");
  });
});

describe("an incident", () => {
  it("is made and notified once, whatever fails or runs at the same time", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const address = await receiver({});
    const channel = await webhook(project_id, address);
    const alert = await alertOn(project_id, SILENCE, [channel]);
    // The invocation ends at each call of the database in turn, before or after it.
    for (const behind of [false, true]) {
      for (let calls = 0; calls < 12; calls++)
        await watchAt(now, { ...unwoken, DB: databaseThatEnds(calls, behind) }).catch(() => undefined);
    }
    await Promise.all([1, 2, 3].map(() => watchAt(now)));
    await watchAt(now + 5 * MINUTE);
    await sendNoticesTo(channel, now + 5 * MINUTE);
    expect(await kindsAt(address)).toEqual(["opened"]);
    await log(now + HOUR, { project_id, banner_tag: "aff-x" });
    for (const behind of [false, true]) {
      for (let calls = 0; calls < 12; calls++)
        await watchAt(now + HOUR, { ...unwoken, DB: databaseThatEnds(calls, behind) }).catch(() => undefined);
    }
    await Promise.all([1, 2, 3].map(() => watchAt(now + HOUR)));
    await sendNoticesTo(channel, now + HOUR);
    expect(await kindsAt(address)).toEqual(["opened", "ended"]);
    expect(await historyOf(alert)).toHaveLength(1);
  });

  it("is notified in order to a receiver that fails, each message once", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const address = await receiver({ status: 500 }, { fault: "reset" }, { status: 200 });
    const channel = await webhook(project_id, address);
    const alert = await alertOn(project_id, SILENCE, [channel]);
    await watchAt(now);
    await sendNoticesTo(channel, now);
    const over = now + 5 * MINUTE;
    await log(over, { project_id, banner_tag: "aff-x" });
    await watchAt(over);
    const second = over + 1;
    await sendNoticesTo(channel, second);
    // The message about its end waits until the one about its beginning has been delivered.
    expect(await kindsAt(address)).toEqual(["opened", "opened"]);
    await sendNoticesTo(channel, second + PAUSES_MS[1]);
    expect(await kindsAt(address)).toEqual(["opened", "opened", "opened", "ended"]);
    await sendNoticesTo(channel, second + DAY);
    expect(await received(address)).toHaveLength(4);
    expect((await historyOf(alert))[0]?.notices).toMatchObject([
      { kind: "opened", status: "sent", tries: 3, error: null },
      { kind: "ended", status: "sent", tries: 1 },
    ]);
  });

  it("is followed by no other while the alert cools down", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const condition = { kind: "threshold", metric: "deposits", comparison: "above", value: 0, minutes: 5 };
    const alert = await alertOn(project_id, condition, [], { cool_down: 60 });
    for (const at of [0, 20, 40, 85]) {
      await log(now + at * MINUTE, { project_id });
      await watchAt(now + at * MINUTE);
      await watchAt(now + (at + 10) * MINUTE);
    }
    expect((await historyOf(alert)).map(({ opened_at, ended_at }) => [opened_at, ended_at])).toEqual([
      [new Date(now + 85 * MINUTE).toISOString(), new Date(now + 95 * MINUTE).toISOString()],
      [new Date(now).toISOString(), new Date(now + 10 * MINUTE).toISOString()],
    ]);
  });

  it("that begins in quiet hours is notified when they end, by the project's clock", PATIENCE, async () => {
    const project_id = await newProject({ timezone: "Europe/Malta" });
    // 23:30 in the project's time zone.
    const now = nextDay() + 22 * HOUR + 30 * MINUTE;
    const address = await receiver({});
    const channel = await webhook(project_id, address);
    await alertOn(project_id, SILENCE, [channel], { quiet_from: "22:00", quiet_to: "07:15" });
    await watchAt(now);
    const morning = now + 7 * HOUR + 45 * MINUTE;
    await sendNoticesTo(channel, morning - MINUTE);
    expect(await received(address)).toEqual([]);
    await sendNoticesTo(channel, morning);
    expect(await kindsAt(address)).toEqual(["opened"]);
  });

  it("is not evaluated while its alert is paused, and is removed with it", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const address = await receiver({});
    const channel = await webhook(project_id, address);
    const alert = await alertOn(project_id, SILENCE, [channel]);
    expect((await call("PATCH", `/alerts/${alert.id}`, { paused: true })).status).toBe(200);
    await watchAt(now);
    expect(await stateOf(alert)).toMatchObject({ state: "paused", incident: null });
    await call("PATCH", `/alerts/${alert.id}`, { paused: false });
    await watchAt(now);
    expect((await stateOf(alert)).state).toBe("open");
    expect((await call("DELETE", `/alerts/${alert.id}`)).status).toBe(204);
    await sendNoticesTo(channel, now + DAY);
    expect(await received(address)).toEqual([]);
    expect(await db.all(sql`SELECT * FROM incidents WHERE project_id = ${project_id}`)).toEqual([]);
  });
});

describe("a condition", () => {
  const open = async (alert: AlertView) => (await stateOf(alert)).incident?.finding ?? null;

  it("of a threshold or a change uses the figures of the tags and fields that it names", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const threshold = { kind: "threshold", comparison: "above", minutes: 60 };
    const change = { kind: "change", metric: "visits", direction: "fall", percent: 50, minutes: 60 };
    const alerts = {
      visits: await alertOn(project_id, { ...threshold, metric: "visits", value: 3, banner_tags: ["a"] }, []),
      elsewhere: await alertOn(project_id, { ...threshold, metric: "visits", value: 3, country: "MT" }, []),
      revenue: await alertOn(project_id, { ...threshold, metric: "revenue", value: 99.5 }, []),
      spins: await alertOn(project_id, { ...threshold, metric: "events", event_type: "spin", value: 0 }, []),
      rate: await alertOn(project_id, { ...threshold, metric: "conversion_rate", comparison: "below", value: 0.5 }, []),
      fall: await alertOn(project_id, change, []),
      small: await alertOn(project_id, { ...change, at_least: 100 }, []),
      rise: await alertOn(project_id, { ...change, direction: "rise" }, []),
    };
    const visits = (at: number, number: number) =>
      Array.from({ length: number }, () => ({ project_id, event_type: "visit", banner_tag: "a", timestamp: at }));
    const before = now - 90 * MINUTE;
    await log(now, ...visits(before, 10), ...visits(now - 10 * MINUTE, 4), {
      project_id,
      amount: 1_000_000,
      currency: "USD",
    });
    await watchAt(now);
    expect({
      visits: await open(alerts.visits),
      elsewhere: await open(alerts.elsewhere),
      revenue: await open(alerts.revenue),
      spins: await open(alerts.spins),
      rate: await open(alerts.rate),
      fall: await open(alerts.fall),
      small: await open(alerts.small),
      rise: await open(alerts.rise),
    }).toEqual({
      visits: "The last hour had 4 visits of tag a; the limit is above 3.",
      elsewhere: null,
      revenue: "The last hour had 100 USD of revenue; the limit is above 99.5.",
      spins: null,
      rate: "The last hour had a conversion rate of 0.0 %; the limit is below 50.0 %.",
      fall: "4 visits in the last hour, 10 in the hour before.",
      small: null,
      rise: null,
    });
  });

  it("about the instance uses the instance's state", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const target = { project_id, name: "A network", event_types: ["deposit"], url: "https://tracker.example.com/" };
    const { id } = await answerOf<{ id: string }>("POST", "/postbacks", target);
    await db.run(sql`UPDATE postback_targets SET failures = 12 WHERE id = ${id}`);
    await keepDeadLetters(db, [{ event: null, message: { project_id }, error: "unreadable" }], "event-log", now);
    await db.run(sql`UPDATE dead_letters SET project_id = ${project_id} WHERE project_id IS NULL`);
    await db.run(sql`INSERT INTO failing_duties (name, since) VALUES ('compaction', 0), ('retention', 0)`);
    const refused = await SELF.fetch(`${HOST}/visit?project_id=${project_id}&btag=aff-x&currency=none&player_id=p`);
    expect(refused.status).toBe(400);
    const kinds = {
      postbacks: {},
      dead_letters: { above: 0 },
      rates: {},
      archive: {},
      projections: {},
      plan: { percent: 100 },
    };
    const alerts = new Map<string, AlertView>();
    for (const [kind, more] of Object.entries(kinds))
      alerts.set(kind, await alertOn(project_id, { kind, ...more }, []));
    await vi.waitFor(async () => {
      const { total } = await env.REQUEST_LOG.getByName(project_id).read(0, Number.MAX_SAFE_INTEGER, 1);
      expect(total).toBe(1);
    }, PATIENCE);
    // Rejections are counted by the real clock.
    const rejected = { kind: "rejections", above: 0, hours: 1 };
    for (const [name, more] of Object.entries({
      all: {},
      tag: { banner_tag: "aff-x" },
      other: { banner_tag: "aff-y" },
    })) {
      const alert = await alertOn(project_id, { ...rejected, ...more }, []);
      const { holds, finding } = await (await call("POST", `/alerts/${alert.id}/test`)).json<TriedAlert>();
      expect([name, holds]).toEqual([name, name !== "other"]);
      if (name === "tag") expect(finding).toBe("1 events of tag aff-x were refused in the last hour; the limit is 0.");
    }
    await watchAt(now);
    const findings = Object.fromEntries(
      await Promise.all([...alerts].map(async ([kind, alert]) => [kind, await open(alert)] as const)),
    );
    expect(findings).toMatchObject({
      postbacks: "These take no postbacks: A network (warning).",
      dead_letters: "1 dead letters wait; the limit is 0.",
      rates: expect.stringContaining("The feed of exchange rates is"),
      archive: expect.stringContaining("compaction fails since 1970-01-01T00:00:00.000Z"),
      projections: expect.stringContaining("retention fails since"),
      plan: null,
    });
    expect(findings.projections).not.toContain("compaction");
    await db.run(sql`DELETE FROM failing_duties`);
  });

  it("whose segment was removed is reported as failing, and no other alert fails", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const segment = { project_id, name: "s", filter: { banner_tag_contains: ["AFF"] } };
    const { segment_id } = await answerOf<{ segment_id: string }>("POST", "/segments", segment);
    const alert = await alertOn(project_id, { kind: "silence", event_type: "deposit", minutes: 60, segment_id }, []);
    const other = await alertOn(project_id, SILENCE, []);
    await call("DELETE", `/segments/${segment_id}`);
    await watchAt(now);
    expect(await stateOf(alert)).toMatchObject({
      state: "failing",
      error: `there is no segment ${segment_id} any more`,
    });
    expect((await stateOf(other)).state).toBe("open");
  });

  it.each([
    ["a kind that there is not", { kind: "weather" }, "condition.kind"],
    ["two fields", { ...SILENCE, country: "MT", device: "mobile" }, "condition.device"],
    [
      "an event type of another metric",
      { kind: "threshold", metric: "visits", event_type: "spin", comparison: "above", value: 1, minutes: 60 },
      "condition.event_type",
    ],
    [
      "revenue by country",
      { kind: "threshold", metric: "revenue", country: "MT", comparison: "above", value: 1, minutes: 60 },
      "condition.country",
    ],
    ["four minutes", { ...SILENCE, minutes: 4 }, "condition.minutes"],
  ])("with %s is refused", async (_, condition, field) => {
    const answer = await call("POST", "/alerts", { project_id: "default", name: "n", condition, channels: [] });
    expect(answer.status).toBe(400);
    expect((await answer.json<{ errors: { field: string }[] }>()).errors.map((error) => error.field)).toEqual([field]);
  });
});

describe("a test of an alert", () => {
  it("sends its channels the present state, and begins no incident", PATIENCE, async () => {
    const project_id = await newProject();
    const [good, bad] = [await receiver({ body: "thanks" }), await receiver({ status: 410 })];
    const channels = [await webhook(project_id, good), await webhook(project_id, bad)];
    const alert = await alertOn(project_id, SILENCE, channels);
    const { sent, holds } = await (await call("POST", `/alerts/${alert.id}/test`)).json<TriedAlert>();
    expect(holds).toBe(true);
    expect(sent).toMatchObject([
      { channel_id: channels[0]?.id, taken: true, status: 200, response: "thanks", error: null },
      { channel_id: channels[1]?.id, taken: false, status: 410, error: "it answered 410" },
    ]);
    expect(await told(good)).toMatchObject([{ kind: "test" }]);
    expect(await historyOf(alert)).toEqual([]);
  });
});

describe("a channel", () => {
  it("never shows its credentials again", PATIENCE, async () => {
    const project_id = await newProject();
    const settings = {
      webhook: { url: "https://hooks.example.com/edgepixel?key=hidden-1" },
      slack: { url: "https://hooks.slack.com/services/hidden-2" },
      discord: { url: "https://discord.com/api/webhooks/1/hidden-3" },
      telegram: { token: "1:hidden-4", chat_id: "-1001" },
      email: {
        to: "team@example.com",
        from: "edgepixel@example.com",
        url: "https://api.example.com/emails",
        header: "Authorization",
        header_value: "Bearer hidden-5",
        body: '{"to":"{to}","html":"{html}"}',
      },
    };
    const secrets: string[] = [];
    for (const [kind, own] of Object.entries(settings)) {
      const { secret, ...shown } = await answerOf<ShownChannel>("POST", "/channels", {
        project_id,
        name: kind,
        kind,
        settings: own,
      });
      expect(JSON.stringify(shown)).not.toContain("hidden");
      expect(secret === undefined).toBe(kind !== "webhook");
      if (secret !== undefined) secrets.push(secret);
    }
    const { rows } = await (await call("GET", `/channels?project_id=${project_id}`)).json<{ rows: ChannelView[] }>();
    expect(rows.map(({ kind, to }) => [kind, to])).toEqual([
      ["webhook", "https://hooks.example.com/edgepixel"],
      ["slack", "hooks.slack.com"],
      ["discord", "discord.com"],
      ["telegram", "-1001"],
      ["email", "team@example.com"],
    ]);
    const audit = await (await call("GET", `/audit?project_id=${project_id}`)).text();
    for (const text of [JSON.stringify(rows), audit])
      for (const secret of ["hidden", ...secrets]) expect(text).not.toContain(secret);
    const first = rows[0] as ChannelView;
    const renewed = await (await call("PATCH", `/channels/${first.id}`, { new_secret: true })).json<ShownChannel>();
    expect(secrets).not.toContain(renewed.secret);
    expect((await call("PATCH", `/channels/${first.id}`, { settings: { url: "https://10.0.0.1/" } })).status).toBe(400);
    expect((await call("PATCH", `/channels/${first.id}`, { settings: { to: "x" } })).status).toBe(400);
  });

  it.each([
    ["slack", { url: "https://10.0.0.1/x" }, "settings.url"],
    ["discord", { url: "ftp://discord.com/x" }, "settings.url"],
    ["webhook", { url: `${HOST}/visit` }, "settings.url"],
    ["telegram", { token: "1:x", chat_id: "1", server: "https://telegram.internal" }, "settings.server"],
    ["email", { to: "nobody", from: "a@example.com" }, "settings.to"],
    ["email", { to: "a@example.com", from: "a@example.com", header: "X-Key" }, "settings.url"],
  ])("of %s is refused with %j", async (kind, settings, field) => {
    const answer = await call("POST", "/channels", { project_id: "default", name: "n", kind, settings });
    expect(answer.status).toBe(400);
    expect((await answer.json<{ errors: { field: string }[] }>()).errors.map((error) => error.field)).toEqual([field]);
  });

  it("that is removed gets no more messages, and its alerts continue without it", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const [gone, stays] = [await receiver({}), await receiver({})];
    const channels = [await webhook(project_id, gone), await webhook(project_id, stays)] as const;
    const alert = await alertOn(project_id, SILENCE, [...channels]);
    await watchAt(now);
    expect((await call("DELETE", `/channels/${channels[0].id}`)).status).toBe(204);
    for (const channel of channels) await sendNoticesTo(channel, now);
    expect([await kindsAt(gone), await kindsAt(stays)]).toEqual([[], ["opened"]]);
    expect((await stateOf(alert)).channels).toEqual([channels[1].id]);
    await runDuty("notice keeping", env, now);
    expect(await db.all(sql`SELECT id FROM channels WHERE project_id = ${project_id}`)).toEqual([
      { id: channels[1].id },
    ]);
    await runDuty("notice keeping", env, now + 91 * DAY);
    expect(await db.all(sql`SELECT * FROM notices WHERE project_id = ${project_id}`)).toEqual([]);
  });
});

describe("the watch", () => {
  it("makes no more calls than the free plan allows, however many alerts are due", PATIENCE, async () => {
    const now = nextDay();
    const project_id = await newProject();
    const alerts: AlertView[] = [];
    for (let number = 0; number < 12; number++) alerts.push(await alertOn(project_id, SILENCE, []));
    const budgets = await watchAt(now);
    for (const budget of budgets) expect(budget.left).toBeGreaterThanOrEqual(0);
    expect((await Promise.all(alerts.map(stateOf))).map(({ state }) => state)).toEqual(Array(12).fill("open"));
    // Nothing is judged again before its time.
    const { env: own, budget } = metered(unwoken, "alerts");
    await watch(own, budget, now + 1);
    expect(budget.queries).toBe(2);
  });
});
