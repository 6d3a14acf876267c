/** The people of the demo: what they do is taken by the routes it is sent to. */
import { expect, test } from "vitest";
import { DAY, type Hit, life } from "../../scripts/demo/people.ts";
import { readEvent } from "../../worker/event.ts";

const NOW = Date.UTC(2026, 4, 31);
const hits: Hit[] = Array.from({ length: 2_000 }, () => [...life(NOW - 30 * DAY)]).flat();

test("every event of the demo is taken as a pixel, by the events API or by an import", () => {
  for (const { at, by, agent, country, fields } of hits) {
    const timely = { ...fields, timestamp: NOW };
    const readings = [
      readEvent(Object.entries(timely), by === "pixel" ? "pixel" : "api", NOW),
      readEvent(Object.entries({ ...fields, timestamp: at, user_agent: agent, country }), "import", NOW + 9 * DAY),
    ];
    for (const reading of readings) expect(reading.ok, JSON.stringify([fields, reading])).toBe(true);
  }
});

test("players come back, and nobody's address is somebody's", () => {
  const days = new Map<unknown, Set<number>>();
  for (const { at, fields } of hits) {
    if (fields.player_id === undefined) continue;
    days.set(fields.player_id, (days.get(fields.player_id) ?? new Set()).add(Math.floor(at / DAY)));
  }
  expect([...days.values()].filter(({ size }) => size > 2).length).toBeGreaterThan(days.size / 10);
  for (const { fields } of hits.filter(({ fields }) => fields.event_type === "auth"))
    expect((fields.data as { email: string }).email).toMatch(/^player-[0-9a-f]{8}@players\.example$/);
});
