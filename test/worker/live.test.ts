import { env, SELF } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { startOfLocalDay } from "../../worker/calendar.ts";
import type { LiveMessage, Snapshot } from "../../worker/live/counters.ts";
import type { LiveEvent } from "../../worker/live/windows.ts";
import { createProject, deliver, storedEvent } from "./log.ts";

const HOST = "https://live.example";
const ADMIN = { authorization: `Bearer ${env.ADMIN_TOKEN}` };
const NOW = Date.parse("2026-05-01T12:00:30Z");
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const liveEvent = (seq: number, at: number, more: Partial<LiveEvent> = {}): LiveEvent => ({
  seq,
  event_id: `e${seq}`,
  event_type: "visit",
  player_id: "p1",
  banner_tag: "spring",
  country: "MT",
  device: "mobile",
  app_id: "",
  amount: null,
  currency: null,
  at,
  ...more,
});

const ALL = { personal: true, banner_tags: null };
const totals = ({ windows }: Pick<Snapshot, "windows">) =>
  [windows["1m"], windows["5m"], windows["60m"], windows.today].map((window) => window.total);

describe("live counters", () => {
  it("count exactly over 1, 5 and 60 minutes and the project's own day", async () => {
    const settings = { project_id: "windows", timezone: "Europe/Malta" };
    const counters = env.LIVE.getByName("windows");
    const midnight = startOfLocalDay(settings.timezone, NOW);
    expect(new Date(midnight).toISOString()).toBe("2026-04-30T22:00:00.000Z");
    const at = [
      NOW,
      NOW - 59 * SECOND,
      NOW - 61 * SECOND,
      NOW - 299 * SECOND,
      NOW - 301 * SECOND,
      NOW - 59 * MINUTE,
      NOW - 61 * MINUTE,
      midnight,
      midnight - SECOND,
    ];
    await counters.apply(
      settings,
      at.map((time, index) => liveEvent(index + 1, time)),
      NOW,
    );
    expect(totals(await counters.snapshot(settings, ALL, NOW))).toEqual([2, 4, 6, 8]);
    // Windows slide though nothing happens; a new day begins at nothing.
    expect(totals(await counters.snapshot(settings, ALL, NOW + 2 * SECOND))).toEqual([1, 3, 6, 8]);
    expect(totals(await counters.snapshot(settings, ALL, midnight + 24 * 60 * MINUTE))).toEqual([0, 0, 0, 0]);
  });

  it("count an event once, however often it is handed over, and say by what", async () => {
    const settings = { project_id: "twice", timezone: "UTC" };
    const counters = env.LIVE.getByName("twice");
    const events = [
      liveEvent(7, NOW),
      liveEvent(8, NOW, { event_type: "deposit", banner_tag: "", country: "", amount: 105_000, currency: "EUR" }),
    ];
    await counters.apply(settings, events, NOW);
    await counters.apply(settings, [...events, liveEvent(9, NOW, { banner_tag: "winter" })], NOW);
    const {
      windows,
      events: recent,
      minutes,
    } = await counters.snapshot(settings, { personal: false, banner_tags: null }, NOW);
    expect(windows["1m"]).toEqual({
      total: 3,
      by_type: { visit: 2, deposit: 1 },
      banner_tags: [
        { banner_tag: "", total: 1, by_type: { deposit: 1 } },
        { banner_tag: "spring", total: 1, by_type: { visit: 1 } },
        { banner_tag: "winter", total: 1, by_type: { visit: 1 } },
      ],
      countries: [
        { country: "MT", total: 2 },
        { country: "", total: 1 },
      ],
      devices: [{ device: "mobile", total: 3 }],
    });
    expect(minutes).toHaveLength(60);
    expect(minutes.at(-1)).toEqual({ minute: "2026-05-01T12:00:00.000Z", by_type: { visit: 2, deposit: 1 } });
    // A viewer sees what happened, not who did it.
    expect(recent.map((event) => [event.event_id, event.player_id, event.amount])).toEqual([
      ["e9", null, null],
      ["e8", null, "10.50"],
      ["e7", null, null],
    ]);
    expect((await counters.snapshot(settings, ALL, NOW)).events[0]?.player_id).toBe("p1");
  });
});

describe("from a pixel", () => {
  it("to /realtime and to who listens, within two seconds; tests and bots never", async () => {
    await createProject("pushed");
    const response = await SELF.fetch(`${HOST}/api/v1/live?project_id=pushed`, {
      headers: { ...ADMIN, upgrade: "websocket" },
    });
    expect(response.status).toBe(101);
    const socket = response.webSocket as WebSocket;
    const messages: LiveMessage[] = [];
    socket.addEventListener("message", ({ data }) => messages.push(JSON.parse(String(data))));
    socket.accept();
    await vi.waitFor(() => expect(messages[0]?.type).toBe("snapshot"));

    const started = Date.now();
    const pixel = await SELF.fetch(`${HOST}/visit?project_id=pushed&player_id=p1&btag=spring&event_id=live-1`);
    await pixel.body?.cancel();
    await vi.waitFor(
      () =>
        expect(messages.some((message) => message.type === "events" && message.events[0]?.event_id === "live-1")).toBe(
          true,
        ),
      { timeout: 5_000, interval: 20 },
    );
    expect(Date.now() - started).toBeLessThan(2_000);
    expect(messages.find((message) => message.type === "counts")).toMatchObject({
      windows: { "1m": { by_type: { visit: 1 } } },
    });

    await deliver([
      {
        events: [
          storedEvent({ project_id: "pushed", event_type: "visit", player_id: "p2", banner_tag: "t", test: 1 }),
          storedEvent({ project_id: "pushed", event_type: "visit", player_id: "p3", banner_tag: "t", bot: "crawler" }),
          storedEvent({ project_id: "pushed", event_type: "registration", player_id: "p1" }),
        ],
      },
    ]);
    await vi.waitFor(
      async () => {
        const snapshot = await (
          await SELF.fetch(`${HOST}/api/v1/realtime?project_id=pushed`, { headers: ADMIN })
        ).json<Snapshot>();
        // The registration took its player's last tag.
        expect(snapshot.windows["1m"].by_type).toEqual({ visit: 1, registration: 1 });
        expect(snapshot.windows.today.banner_tags).toEqual([
          { banner_tag: "spring", total: 2, by_type: { visit: 1, registration: 1 } },
        ]);
      },
      { timeout: 5_000, interval: 50 },
    );

    socket.send("refresh");
    await vi.waitFor(() => expect(messages.filter((message) => message.type === "snapshot")).toHaveLength(2));
    socket.close(1000);
  });
});
