/** The views of the data vault, exact for a small log, and the table of profiles: unmasked and masked. */
import { env } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { maskEmail, maskPhone } from "../../worker/reports/mask.ts";
import { get } from "./api.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, deliver, settle, storedEvent } from "./log.ts";

const at = (time: string) => Date.parse(`2026-05-${time}Z`);
const event = (event_type: string, time: string, more: Partial<StoredEvent>) =>
  storedEvent({ project_id: "vault", event_type, timestamp: at(time), ...more });
const contact = (data: object) => ({ data: JSON.stringify(data) });

beforeAll(async () => {
  await createProject("vault");
  await env.DB.prepare("UPDATE projects SET pixel_secret = 'a secret' WHERE project_id = 'vault'").run();
  await deliver([
    {
      events: [
        event("visit", "01T10:00:00.001", { visitor_id: "cookie", app_id: "lobby" }),
        event("auth", "01T10:00:00.002", {
          visitor_id: "cookie",
          app_id: "lobby",
          ...contact({ email: "first@x.example" }),
        }),
        event("auth", "02T10:00:00.003", {
          visitor_id: "cookie",
          player_id: "anna",
          ...contact({ phone: "+356 2123 4567" }),
        }),
        event("auth", "03T10:00:00.004", {
          player_id: "anna",
          app_id: "slots",
          ...contact({ email: 7, method: "sso" }),
        }),
        event("auth", "03T10:00:00.005", { player_id: "anna", ...contact({ email: "test@x.example" }), test: 1 }),
        event("spin", "03T11:00:00.006", { player_id: "anna", app_id: "slots" }),
        event("spin", "03T10:30:00.007", { player_id: "anna", app_id: "slots" }),
        event("spin", "04T10:00:00.008", { player_id: "anna", app_id: "dice" }),
        event("purchase", "04T10:10:00.009", {
          player_id: "anna",
          app_id: "slots",
          platform: "ios",
          amount: 99_999,
          currency: "EUR",
        }),
        event("purchase", "04T10:20:00.010", {
          player_id: "anna",
          app_id: "slots",
          platform: "ios",
          amount: 2,
          currency: "EUR",
        }),
        event("visit", "04T10:00:00.011", { visitor_id: "stranger", app_id: "slots" }),
        event("purchase", "04T12:00:00.012", { visitor_id: "stranger", app_id: "slots", amount: 1, currency: "EUR" }),
        event("visit", "05T10:00:00.013", { player_id: "ben", banner_tag: "spring" }),
      ],
    },
  ]);
  await settle();
});

const view = async (name: string, order: string) =>
  (
    await env.DB.prepare(`SELECT * FROM ${name} WHERE project_id = 'vault' ORDER BY ${order}`).all<
      Record<string, unknown>
    >()
  ).results.map(({ project_id: _, ...row }) => row);

describe("the data vault", () => {
  it.each<[string, string, object[]]>([
    [
      "hub_user",
      "uid",
      [
        { uid: "anna", created_at: "2026-05-01T10:00:00.001Z" },
        { uid: "ben", created_at: "2026-05-05T10:00:00.013Z" },
      ],
    ],
    [
      "hub_app",
      "app_id",
      [
        { app_id: "dice", created_at: "2026-05-04T10:00:00.008Z" },
        { app_id: "lobby", created_at: "2026-05-01T10:00:00.001Z" },
        { app_id: "slots", created_at: "2026-05-03T10:00:00.004Z" },
      ],
    ],
    [
      "link_user_app",
      "app_id",
      [
        { uid: "anna", app_id: "dice", timestamp: "2026-05-04T10:00:00.008Z" },
        { uid: "anna", app_id: "lobby", timestamp: "2026-05-01T10:00:00.001Z" },
        { uid: "anna", app_id: "slots", timestamp: "2026-05-03T10:00:00.004Z" },
      ],
    ],
    [
      "satellite_auth_info",
      "created_at",
      [
        { uid: "anna", email: "first@x.example", phone: null, app_id: "lobby", created_at: "2026-05-01T10:00:00.002Z" },
        { uid: "anna", email: null, phone: "+356 2123 4567", app_id: null, created_at: "2026-05-02T10:00:00.003Z" },
      ],
    ],
    [
      "satellite_spin_info",
      "event_date",
      [
        {
          uid: "anna",
          spin_count: 2,
          app_id: "slots",
          event_date: "2026-05-03",
          created_at: "2026-05-03T10:30:00.007Z",
        },
        {
          uid: "anna",
          spin_count: 1,
          app_id: "dice",
          event_date: "2026-05-04",
          created_at: "2026-05-04T10:00:00.008Z",
        },
      ],
    ],
    [
      "satellite_purchase_info",
      "uid",
      [
        {
          uid: "anna",
          purchase_amount: "10.0001",
          currency: "EUR",
          purchases: 2,
          app_id: "slots",
          platform: "ios",
          event_date: "2026-05-04",
          event_hour: 10,
        },
      ],
    ],
    [
      "player_profiles",
      "uid",
      [
        {
          uid: "anna",
          email: "first@x.example",
          phone: "+356 2123 4567",
          total_spins: 3,
          total_purchases: 2,
          total_deposits: 0,
          total_events: 9,
          favourite_app: "slots",
          first_seen: "2026-05-01T10:00:00.001Z",
          last_event_at: "2026-05-04T10:20:00.010Z",
          first_tag: null,
          last_tag: null,
        },
        {
          uid: "ben",
          email: null,
          phone: null,
          total_spins: 0,
          total_purchases: 0,
          total_deposits: 0,
          total_events: 1,
          favourite_app: null,
          first_seen: "2026-05-05T10:00:00.013Z",
          last_event_at: "2026-05-05T10:00:00.013Z",
          first_tag: "spring",
          last_tag: "spring",
        },
      ],
    ],
  ])("has %s", async (name, order, rows) => {
    expect(await view(name, order)).toEqual(rows);
  });

  it("has times to the millisecond", async () => {
    const times = Array.from({ length: 1_000 }, (_, index) => 1_700_000_000_000 + index * 7_777_777 + index);
    const { results } = await env.DB.prepare(
      "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', value / 1000.0, 'unixepoch') AS told FROM json_each(?)",
    )
      .bind(JSON.stringify(times))
      .all<{ told: string }>();
    expect(results.map((row) => row.told)).toEqual(times.map((time) => new Date(time).toISOString()));
  });
});

describe("profiles", () => {
  type Profiles = { rows: Record<string, unknown>[]; next_cursor: string | null };
  const ask = async (query: string, role: string) => {
    const key = await makeApiKey({ role, project_id: "vault" });
    return get(`/profiles?project_id=vault${query}`, bearer(key));
  };

  it("are unmasked for an analyst, in every format", async () => {
    const { rows } = await (await ask("", "analyst")).json<Profiles>();
    expect(rows).toEqual(await view("player_profiles", "uid"));
    const lines = (await (await ask("&format=ndjson", "analyst")).text()).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(rows);
    const table = await (await ask("&format=csv", "analyst")).text();
    expect(table.split("\r\n").slice(0, 2)).toEqual([
      "uid,email,phone,total_spins,total_purchases,total_deposits,total_events,favourite_app,first_seen,last_event_at,first_tag,last_tag",
      "anna,first@x.example,'+356 2123 4567,3,2,0,9,slots,2026-05-01T10:00:00.001Z,2026-05-04T10:20:00.010Z,,",
    ]);
  });

  it("are masked for a viewer: the figures remain, and whatever identifies the person does not", async () => {
    const { rows } = await (await ask("", "viewer")).json<Profiles>();
    expect(rows).toMatchObject([
      {
        uid: expect.stringMatching(/^[0-9a-f]{20}$/),
        email: "f***@x***.example",
        phone: "***67",
        total_spins: 3,
        favourite_app: "slots",
      },
      { email: null, phone: null, first_tag: "spring" },
    ]);
    expect(rows[0]?.uid).not.toBe(rows[1]?.uid);
    for (const format of ["json", "csv", "ndjson"]) {
      const text = await (await ask(`&format=${format}`, "viewer")).text();
      expect(text).toContain(rows[0]?.uid);
      expect(text).not.toMatch(/anna|ben\b|first@|2123|4567/);
    }
  });

  it("keep a pseudonym within a project, and under its secret alone", async () => {
    const uids = async () => (await (await ask("", "viewer")).json<Profiles>()).rows.map((row) => row.uid);
    expect(await uids()).toEqual(await uids());
    const first: Profiles = await (await ask("&limit=1", "viewer")).json();
    const cursor = first.next_cursor as string;
    expect(atob(cursor.replaceAll("-", "+").replaceAll("_", "/"))).not.toContain("anna");
    const second: Profiles = await (await ask(`&limit=1&cursor=${cursor}`, "viewer")).json();
    expect([...first.rows, ...second.rows].map((row) => row.uid)).toEqual(await uids());
    expect(second.next_cursor).toBeNull();
  });

  it.each([
    ["anna@mail.example.com", "a***@m***.com"],
    ["é@x.example", "é***@x***.example"],
    ["a@localhost", "a***@l***"],
    ["nonsense", "n***"],
    ["", "***"],
  ])("mask %s", (email, masked) => expect(maskEmail(email)).toBe(masked));

  it.each([
    ["+356 2123 4567", "***67"],
    ["5", "***5"],
    ["none", "***"],
  ])("mask %s", (phone, masked) => expect(maskPhone(phone)).toBe(masked));

  it("are refused to a sender", async () => {
    expect((await ask("", "collect")).status).toBe(403);
    expect((await get("/profiles?project_id=vault")).status).toBe(200);
  });
});
