/** Senders with a wrong clock: the age of an event counts, and no event is lost. */
import { env } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type Door, whenByAge } from "../../worker/event.ts";
import { readEvent } from "../../worker/event-reading.ts";
import { answerOf, sendPixel } from "./api.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const NOW = Date.UTC(2026, 10, 28, 12);

/** The event's effective time, relative to now; or the reason of its refusal. */
function read(door: Door, times: Record<string, unknown>): number | string | undefined {
  const reading = readEvent(Object.entries({ event_type: "visit", player_id: "p", btag: "t", ...times }), door, NOW);
  if (!reading.ok) return reading.errors.map(({ code, field }) => `${code} ${field}`).join();
  expect(reading.event).not.toHaveProperty("sent_at");
  const { timestamp } = reading.event;
  return timestamp === undefined ? undefined : timestamp - NOW;
}

describe("the time at which an event counts", () => {
  it.each([
    { clock: "ten minutes ahead", skew: 10 * MINUTE },
    { clock: "eighty seconds ahead", skew: 80_000 },
    { clock: "two weeks ahead", skew: 14 * DAY },
    { clock: "ten minutes behind", skew: -10 * MINUTE },
    { clock: "at its first day", skew: -NOW },
  ])("is its age before now for a clock $clock", ({ skew }) => {
    for (const door of ["pixel", "api"] as const) {
      const sent_at = NOW + skew;
      expect(read(door, { timestamp: sent_at, sent_at }), "just now").toBe(0);
      expect(read(door, { timestamp: String(sent_at - 3 * MINUTE), sent_at: String(sent_at) })).toBe(-3 * MINUTE);
      if (skew !== -NOW) {
        const iso = (at: number) => new Date(at).toISOString();
        expect(read(door, { timestamp: iso(sent_at - DAY), sent_at: iso(sent_at) })).toBe(-DAY);
        expect(read(door, { timestamp: sent_at - 40 * DAY, sent_at })).toBe("timestamp_out_of_range timestamp");
      }
    }
  });

  it("is the timestamp itself for a correct clock, however long the request took", () => {
    for (const way of [0, 700, 9_000])
      expect(read("pixel", { timestamp: NOW - way - 250, sent_at: NOW - way })).toBe(-way - 250);
  });

  it("is the arrival for a clock that was corrected meanwhile", () => {
    expect(read("pixel", { timestamp: NOW + 14 * DAY, sent_at: NOW })).toBe(0);
    expect(read("api", { timestamp: NOW + 3 * MINUTE, sent_at: NOW - MINUTE })).toBe(0);
  });

  it("is never later than the arrival, and the order of two events is kept", () => {
    const time = fc.integer({ min: -40 * DAY, max: 40 * DAY });
    fc.assert(
      fc.property(time, fc.nat(DAY), fc.nat(DAY), (skew, older, apart) => {
        const sent_at = NOW + skew;
        const [first, second] = [older + apart, older].map((age) => whenByAge(sent_at - age, sent_at, NOW));
        expect(first).toBeLessThanOrEqual(second as number);
        expect((second as number) - (first as number)).toBe(apart);
      }),
    );
  });
});

it("without sent_at, or with an unreadable one, the timestamp counts unchanged", () => {
  for (const sent_at of [undefined, "", null, "soon", "{sent_at}", {}, []]) {
    expect(read("pixel", { timestamp: NOW - MINUTE, sent_at })).toBe(-MINUTE);
    expect(read("pixel", { timestamp: NOW + 10 * MINUTE, sent_at })).toBe("timestamp_out_of_range timestamp");
  }
  expect(read("pixel", { sent_at: NOW + DAY }), "without a timestamp it happens as it arrives").toBeUndefined();
});

it("the timestamps of an import count unchanged, whenever it was sent", () => {
  expect(read("import", { timestamp: NOW - 90 * DAY, sent_at: NOW - 90 * DAY })).toBe(-90 * DAY);
});

describe("through the doors", () => {
  const when = async (event_id: string) =>
    vi.waitFor(
      async () => {
        const row = await env.DB.prepare("SELECT timestamp, received_at, data FROM events WHERE event_id = ?")
          .bind(event_id)
          .first<{ timestamp: number; received_at: number; data: string | null }>();
        if (!row) throw new Error(`${event_id} is not stored yet`);
        return row;
      },
      { timeout: 200_000, interval: 50 },
    );

  it.each([10 * MINUTE, -3 * DAY, 14 * DAY])("a deposit with a clock that is %i ms off is stored", async (skew) => {
    const sent_at = Date.now() + skew;
    const deposit = { player_id: "p1", btag: "t", amount: "10.00", currency: "EUR" };
    const pixel = await sendPixel("/deposit", {
      ...deposit,
      event_id: `pixel${skew}`,
      timestamp: String(sent_at - 5_000),
      sent_at: String(sent_at),
    });
    expect([pixel.status, pixel.headers.get("x-event-error")]).toEqual([200, null]);
    const events = [{ ...deposit, event_type: "deposit", event_id: `api${skew}`, timestamp: sent_at - 5_000, sent_at }];
    expect(await answerOf("POST", "/events", { events })).toMatchObject({ accepted: 1 });
    for (const event_id of [`pixel${skew}`, `api${skew}`]) {
      const { timestamp, received_at, data } = await when(event_id);
      expect(received_at - timestamp).toBe(5_000);
      expect(data).toBeNull();
    }
  });
});
