/** Each line of docs/systems.md is true: its routes answer with data, its views have rows, its files exist. */
import { env, SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import table from "../../docs/systems.md?raw";
import { keepDeadLetters } from "../../worker/event-log/dead-letters.ts";
import { answerOf, HOST } from "./api.ts";
import { ADMIN } from "./keys.ts";
import { db, deliver, settle, storedEvent } from "./log.ts";

const files = Object.keys(
  import.meta.glob(["../../worker/**", "../../docs/**", "../../pixel/**", "../../dashboard/**", "../../docs-page/**"]),
);
const cells = [...table.matchAll(/^\| (?!it does|---)(.+?) \| (.+) \|$/gm)].map(([, does = "", here = ""]) => ({
  does,
  here,
}));
const all = (pattern: RegExp) => [
  ...new Set(cells.flatMap(({ here }) => [...here.matchAll(pattern)].map(([, found = ""]) => found))),
];

beforeAll(async () => {
  const by = {
    project_id: "default",
    player_id: "player-42",
    app_id: "slots",
    banner_tag: "summer",
    country: "MT",
    device: "mobile",
  };
  const money = { amount: 250_000, currency: "EUR" };
  const day = 86_400_000;
  const types = ["visit", "registration", "install", "spin"] as const;
  await deliver([
    {
      events: [0, 1, 35, 36, 65].flatMap((ago) => [
        ...types.map((event_type) =>
          storedEvent({
            ...by,
            event_type,
            timestamp: Date.now() - ago * day,
            ...(ago === 0 && { event_id: `of-${event_type}` }),
          }),
        ),
        storedEvent({ ...by, event_type: "deposit", ...money, timestamp: Date.now() - ago * day }),
        storedEvent({ ...by, event_type: "purchase", ...money, platform: "ios", timestamp: Date.now() - ago * day }),
        storedEvent({ ...by, event_type: "player_score", score: 7, timestamp: Date.now() - ago * day }),
        storedEvent({
          ...by,
          event_type: "auth",
          data: '{"email":"a@b.example","phone":"+356123"}',
          timestamp: Date.now() - ago * day,
        }),
      ]),
    },
  ]);
  await settle();
  await keepDeadLetters(
    db,
    [{ event: storedEvent({ ...by, event_type: "visit" }), error: "SQLITE_CONSTRAINT" }],
    "edgepixel-events",
    Date.now(),
  );
  for (const [path, body] of [
    [
      "/exchange-rates",
      {
        rates: [
          {
            currency_code: "EUR",
            rate_date: new Date().toISOString().slice(0, 10),
            usd_rate: "1.25",
            data_source: "test",
          },
        ],
      },
    ],
    ["/schemas", { event_type: "level_up", schema: { type: "object" }, mode: "warn" }],
    ["/keys", { name: "one", role: "viewer" }],
  ] as const) {
    await answerOf("POST", path, body);
  }
});

/** Routes for which the status 200 is enough: a missing thing is 404, and a quiet day has no anomaly. */
const WORDS_ALONE = /^\/(?:api\/v1\/(?:anomalies|events\/)|health)/;

/** Whether an answer has any figure besides its envelope. */
const says = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > 0
    : typeof value === "object" && value !== null
      ? Object.values(value).some(says)
      : typeof value === "number" && value > 0;

describe("the replaced systems", () => {
  it("are listed with every feature", () => expect(cells.length).toBeGreaterThan(60));

  it.each(all(/`GET (\/[^`]+)`/g))("GET %s answers", async (route) => {
    const path = route
      .replace("{player_id}", "player-42")
      .replace("{event_id}", "of-visit")
      .replace("{app_id}", "slots")
      .replace("{event_type}", "level_up");
    const pixel = /^\/(?:visit|registration|deposit|pixel\/)/.test(path)
      ? "?player_id=player-42&banner_tag=summer"
      : "";
    const response = await SELF.fetch(`${HOST}${path}${pixel}`, { headers: ADMIN });
    expect(response.status).toBe(200);
    const text = await response.text();
    if (pixel) expect(response.headers.get("x-event-status")).toBe("accepted");
    else if (response.headers.get("content-type")?.includes("json"))
      expect(WORDS_ALONE.test(path) || says(JSON.parse(text))).toBe(true);
    else expect(text.trim().split("\n").length).toBeGreaterThan(1);
  });

  it.each(all(/`POST (\/[^`]+)`/g))("POST %s accepts an event", async (path) => {
    const response = await SELF.fetch(`${HOST}${path}`, {
      method: "POST",
      headers: ADMIN,
      body: JSON.stringify({ event_type: "player_score", player_id: "p", data: { score: 1500 } }),
    });
    expect(response.status).toBe(202);
  });

  it.each(all(/view `(\w+)`/g))("the view %s can be read", async (view) => {
    const { results } = await env.DB.prepare(`SELECT * FROM ${view} LIMIT 1`).all();
    if (view !== "archive_files") expect(results).toHaveLength(1);
  });

  it.each(all(/`((?:worker|docs|pixel|dashboard|docs-page)\/[^`]+)`/g))("%s exists", (file) => {
    expect(files).toContain(`../../${file}`);
  });
});
