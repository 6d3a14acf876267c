import { env, SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import type { Campaigns } from "../../worker/reports/campaigns.ts";
import { get, HOST, read } from "./api.ts";
import { ADMIN } from "./keys.ts";
import { createProject, deliver, settle, storedEvent } from "./log.ts";

const MINUTE = 60_000;
const event = (day: string, event_type: string, more: Partial<StoredEvent>) =>
  storedEvent({ project_id: "acme", event_type, timestamp: Date.parse(`${day}T12:00:00Z`), ...more });

/** Three people on two days: one converts wholly, one only registers (first seen as a visitor), one only visits. */
beforeAll(async () => {
  await createProject("acme", { currency: "EUR" });
  const at = (minutes: number) => Date.parse("2026-05-01T12:00:00Z") + minutes * MINUTE;
  await deliver([
    {
      events: [
        event("2026-05-01", "visit", { player_id: "whole", banner_tag: "spring", country: "MT" }),
        event("2026-05-01", "visit", { player_id: "whole", banner_tag: "spring", country: "MT", timestamp: at(60) }),
        event("2026-05-01", "registration", {
          player_id: "whole",
          banner_tag: "spring",
          country: "MT",
          timestamp: at(10),
        }),
        event("2026-05-01", "deposit", {
          player_id: "whole",
          country: "MT",
          timestamp: at(30),
          amount: 100_000,
          currency: "EUR",
        }),
        event("2026-05-02", "deposit", { player_id: "whole", country: "MT", amount: 50_050, currency: "EUR" }),
        event("2026-05-02", "deposit", { player_id: "whole", country: "MT", amount: 9_990_000, currency: "JPY" }),
        event("2026-05-01", "visit", { visitor_id: "cookie", banner_tag: "=cmd()", country: "SE" }),
        event("2026-05-02", "registration", {
          visitor_id: "cookie",
          player_id: "half",
          banner_tag: "=cmd()",
          country: "SE",
        }),
        event("2026-05-02", "visit", { visitor_id: "window-shopper", banner_tag: "spring" }),
        event("2026-05-02", "visit", { player_id: "tester", banner_tag: "spring", test: 1 }),
      ],
    },
  ]);
  await settle();
  await env.DB.prepare("INSERT INTO exchange_rates VALUES ('EUR', '2026-05-01', 125000000, 'test', 0)").run();
});

const MAY = "project_id=acme&from=2026-05-01&to=2026-05-31";

describe("/metrics", () => {
  it("counts people once a day and type, and events as often as they happened", async () => {
    expect(await read<Record<string, unknown>>(`/metrics?${MAY}`)).toEqual({
      project_id: "acme",
      timezone: "UTC",
      from: "2026-05-01",
      to: "2026-05-31",
      rows: [
        { event_date: "2026-05-01", event_type: "deposit", count: 1, total: 1 },
        { event_date: "2026-05-01", event_type: "registration", count: 1, total: 1 },
        { event_date: "2026-05-01", event_type: "visit", count: 2, total: 3 },
        { event_date: "2026-05-02", event_type: "deposit", count: 1, total: 2 },
        { event_date: "2026-05-02", event_type: "registration", count: 1, total: 1 },
        { event_date: "2026-05-02", event_type: "visit", count: 1, total: 1 },
      ],
    });
  });

  it.each([
    [
      "event_type=visit&group_by=banner_tag",
      [
        { event_date: "2026-05-01", event_type: "visit", banner_tag: "=cmd()", count: 1, total: 1 },
        { event_date: "2026-05-01", event_type: "visit", banner_tag: "spring", count: 1, total: 2 },
        { event_date: "2026-05-02", event_type: "visit", banner_tag: "spring", count: 1, total: 1 },
      ],
    ],
    [
      "event_type=visit&banner_tag=spring",
      [
        { event_date: "2026-05-01", event_type: "visit", count: 1, total: 2 },
        { event_date: "2026-05-02", event_type: "visit", count: 1, total: 1 },
      ],
    ],
    [
      "event_type=visit&group_by=country",
      [
        { event_date: "2026-05-01", event_type: "visit", country: "MT", count: 1, total: 2 },
        { event_date: "2026-05-01", event_type: "visit", country: "SE", count: 1, total: 1 },
        { event_date: "2026-05-02", event_type: "visit", country: null, count: 1, total: 1 },
      ],
    ],
    [
      "event_type=deposit&group_by=device&banner_tag=spring",
      [
        { event_date: "2026-05-01", event_type: "deposit", device: null, count: 1, total: 1 },
        { event_date: "2026-05-02", event_type: "deposit", device: null, count: 1, total: 2 },
      ],
    ],
    ["event_type=visit&country=MT", [{ event_date: "2026-05-01", event_type: "visit", count: 1, total: 2 }]],
    [
      "country=SE&group_by=banner_tag",
      [
        { event_date: "2026-05-01", event_type: "visit", banner_tag: "=cmd()", count: 1, total: 1 },
        { event_date: "2026-05-02", event_type: "registration", banner_tag: "=cmd()", count: 1, total: 1 },
      ],
    ],
    [
      "country=MT&group_by=country&banner_tag=spring&event_type=deposit",
      [
        { event_date: "2026-05-01", event_type: "deposit", country: "MT", count: 1, total: 1 },
        { event_date: "2026-05-02", event_type: "deposit", country: "MT", count: 1, total: 2 },
      ],
    ],
    ["country=MT&banner_tag=%3Dcmd()", []],
    ["app_id=slots", []],
    [
      "event_type=visit&interval=hour&from=2026-05-01&to=2026-05-01",
      [
        { event_date: "2026-05-01", event_hour: 12, event_type: "visit", count: 2, total: 2 },
        { event_date: "2026-05-01", event_hour: 13, event_type: "visit", count: 1, total: 1 },
      ],
    ],
  ])("with %s", async (query, rows) => {
    const range = query.includes("from=") ? "project_id=acme" : MAY;
    expect((await read<Record<string, unknown>>(`/metrics?${range}&${query}`)).rows).toEqual(rows);
  });

  it("adds up the hours of the same weekday", async () => {
    type Row = { event_date: string; event_hour: number; event_type: string; count: number; total: number };
    const rowsOf = async (interval: string) =>
      (
        await read<Record<string, unknown>>(
          `/metrics?project_id=acme&from=2026-05-01&to=2026-05-31&interval=${interval}`,
        )
      ).rows as Row[];
    const keyOf = ({ event_date, event_hour, event_type }: Row) =>
      `${new Date(event_date).getUTCDay()} ${event_hour} ${event_type}`;
    const summed = (rows: Row[]) =>
      Object.fromEntries(
        [...Map.groupBy(rows, keyOf)].map(([key, own]) => [
          key,
          own.reduce((all, { count, total }) => ({ count: all.count + count, total: all.total + total }), {
            count: 0,
            total: 0,
          }),
        ]),
      );
    const [hours, week] = [await rowsOf("hour"), await rowsOf("weekday")];
    expect(summed(week)).toEqual(summed(hours));
    expect(week.length).toBe(Object.keys(summed(hours)).length);
    expect(week.every(({ event_date }) => event_date <= "2026-05-07")).toBe(true);
    const refused = await get("/metrics?project_id=acme&interval=weekday&group_by=country");
    expect(refused.status).toBe(400);
  });

  it("is served under its older paths, too", async () => {
    const canonical = await read<Record<string, unknown>>(`/metrics?${MAY}`);
    for (const older of ["/api", "/v1"])
      expect(await (await SELF.fetch(`${HOST}${older}/metrics?${MAY}`, { headers: ADMIN })).json()).toEqual(canonical);
  });

  it("comes as CSV by Accept or by format, formulas disarmed", async () => {
    const query = `/metrics?${MAY}&event_type=registration&group_by=banner_tag`;
    const expected =
      "event_date,event_type,banner_tag,count,total\r\n2026-05-01,registration,spring,1,1\r\n2026-05-02,registration,'=cmd(),1,1\r\n";
    const asked = await get(query, { ...ADMIN, accept: "text/csv" });
    expect(asked.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(await asked.text()).toBe(expected);
    expect(await (await get(`${query}&format=csv`)).text()).toBe(expected);
  });
});

describe("/funnel", () => {
  it("follows people who first visited in the period, through all later events", async () => {
    const { by, steps } = await read<Record<string, unknown>>(`/funnel?${MAY}`);
    expect(by).toBe("visit_date");
    const timed = steps as { times_from_previous: { seconds_up_to: number | null; players: number }[] }[];
    expect(timed.map(({ times_from_previous: times }) => times.map(({ players }) => players).join(""))).toEqual([
      "",
      // Ten minutes, and a day to the millisecond; then twenty minutes; then almost a day.
      "0010010000",
      "0001000000",
      "0000010000",
    ]);
    expect(timed[1]?.times_from_previous.map(({ seconds_up_to }) => seconds_up_to)).toEqual([
      60,
      300,
      900,
      3_600,
      21_600,
      86_400,
      259_200,
      604_800,
      2_592_000,
      null,
    ]);
    expect(timed.map(({ times_from_previous: _, ...step }) => step)).toEqual([
      {
        event_type: "visit",
        players: 3,
        rate_from_previous: null,
        rate_from_first: null,
        median_seconds_from_previous: null,
      },
      // 10 minutes for one and a day for the other.
      {
        event_type: "registration",
        players: 2,
        rate_from_previous: 2 / 3,
        rate_from_first: 2 / 3,
        median_seconds_from_previous: (600 + 86_400) / 2,
      },
      {
        event_type: "first_deposit",
        players: 1,
        rate_from_previous: 1 / 2,
        rate_from_first: 1 / 3,
        median_seconds_from_previous: 1_200,
      },
      {
        event_type: "repeat_deposit",
        players: 1,
        rate_from_previous: 1,
        rate_from_first: 1 / 3,
        median_seconds_from_previous: 84_600,
      },
    ]);
  });

  it("can go by the date of each step, by tag, and for one tag", async () => {
    const players = (steps: unknown) => (steps as { players: number }[]).map((step) => step.players);
    expect(
      players((await read<Record<string, unknown>>("/funnel?project_id=acme&from=2026-05-02&to=2026-05-02")).steps),
    ).toEqual([1, 0, 0, 0]);
    expect(
      players(
        (await read<Record<string, unknown>>("/funnel?project_id=acme&from=2026-05-02&to=2026-05-02&by=event_date"))
          .steps,
      ),
    ).toEqual([1, 1, 0, 1]);
    expect(players((await read<Record<string, unknown>>(`/funnel?${MAY}&banner_tag=%3Dcmd()`)).steps)).toEqual([
      1, 1, 0, 0,
    ]);
    const { groups } = await read<Record<string, unknown>>(`/funnel?${MAY}&group_by=banner_tag`);
    expect(
      (groups as { banner_tag: string; steps: unknown }[]).map((group) => [group.banner_tag, players(group.steps)]),
    ).toEqual([
      ["spring", [2, 1, 1, 1]],
      ["=cmd()", [1, 1, 0, 0]],
    ]);
  });
});

describe("/cohorts", () => {
  it("counts who was active again how many days later, by the week and tag of their first day", async () => {
    const { rows, total } = await read<Record<string, unknown>>(`/cohorts?${MAY}&group_by=banner_tag`);
    const spring = { cohort: "2026-04-27", banner_tag: "spring", players: 2 };
    const command = { cohort: "2026-04-27", banner_tag: "=cmd()", players: 1 };
    expect(rows).toMatchObject([command, spring]);
    const first = (row: unknown) => (row as { retention: unknown[] }).retention.slice(0, 2);
    expect(first((rows as unknown[])[0])).toEqual([
      { day: 1, people: 1, active: 1, rate: 1 },
      { day: 3, people: 1, active: 0, rate: 0 },
    ]);
    expect(first((rows as unknown[])[1])).toEqual([
      { day: 1, people: 2, active: 1, rate: 0.5 },
      { day: 3, people: 2, active: 0, rate: 0 },
    ]);
    // 10 EUR and 5.005 EUR at 1.25, and JPY without a rate.
    const value = { paying_users: 1, revenue_usd: "18.7562", net_usd: "18.7562", unconverted: { JPY: "999.00" } };
    expect((rows as unknown[])[1]).toMatchObject({ ...value, revenue_per_player_usd: null });
    expect((rows as unknown[])[0]).toMatchObject({
      paying_users: 0,
      revenue_usd: "0.00",
      revenue_per_player_usd: "0.00",
      unconverted: {},
    });
    expect(total).toMatchObject({ players: 3, ...value, revenue_per_player_usd: null });
    expect(first(total)[0]).toEqual({ day: 1, people: 3, active: 2, rate: 2 / 3 });
    const { rows: byDay } = await read<Record<string, unknown>>(`/cohorts?${MAY}&interval=day`);
    expect(byDay).toMatchObject([
      { cohort: "2026-05-01", players: 2 },
      { cohort: "2026-05-02", players: 1 },
    ]);
  });

  it("does not show a day that is not over as a day without people", async () => {
    await createProject("young");
    const yesterday = Date.now() - 86_400_000;
    await deliver([
      {
        events: [
          storedEvent({ project_id: "young", event_type: "visit", player_id: "p", timestamp: yesterday }),
          storedEvent({ project_id: "young", event_type: "visit", player_id: "q" }),
        ],
      },
    ]);
    await settle();
    const { total } = await read<Record<string, unknown>>("/cohorts?project_id=young");
    expect((total as { retention: unknown[] }).retention[0]).toEqual({ day: 1, people: 0, active: 0, rate: null });
  });
});

describe("/campaigns", () => {
  it("gives a row for each tag and a total, in the project's currency", async () => {
    const { rows, total, currency } = await read<Record<string, unknown>>(`/campaigns?${MAY}`);
    expect(currency).toBe("EUR");
    expect(rows).toEqual([
      {
        banner_tag: "spring",
        visits: 3,
        unique_players: 2,
        registrations: 1,
        first_deposits: 1,
        new_depositors: 1,
        returning_depositors: 0,
        depositors: 1,
        deposits: 3,
        amount: "15.005",
        deposit_per_first_deposit: null,
        deposit_per_visit: null,
        refunded: "0.00",
        withdrawn: "0.00",
        net_amount: "15.005",
        unconverted: { JPY: "999.00" },
        refunded_unconverted: {},
        withdrawn_unconverted: {},
        visit_to_registration: 1 / 3,
        registration_to_first_deposit: 1,
        last_event_at: "2026-05-02T12:00:00.000Z",
      },
      {
        banner_tag: "=cmd()",
        visits: 1,
        unique_players: 1,
        registrations: 1,
        first_deposits: 0,
        new_depositors: 0,
        returning_depositors: 0,
        depositors: 0,
        deposits: 0,
        amount: "0.00",
        deposit_per_first_deposit: null,
        deposit_per_visit: "0.00",
        refunded: "0.00",
        withdrawn: "0.00",
        net_amount: "0.00",
        unconverted: {},
        refunded_unconverted: {},
        withdrawn_unconverted: {},
        visit_to_registration: 1,
        registration_to_first_deposit: 0,
        last_event_at: "2026-05-02T12:00:00.000Z",
      },
    ]);
    expect(total).toMatchObject({
      visits: 4,
      unique_players: 3,
      registrations: 2,
      first_deposits: 1,
      deposits: 3,
      amount: "15.005",
    });
  });

  it("has the time of each tag's last event up to the end of the period, also for a tag without events in it", async () => {
    const lastIn = async (query: string) => {
      const { rows, total } = (await read<Record<string, unknown>>(
        `/campaigns?project_id=acme&${query}`,
      )) as unknown as Campaigns;
      return {
        total: total.last_event_at,
        ...Object.fromEntries(rows.map((row) => [row.banner_tag, row.last_event_at])),
      };
    };
    expect(await lastIn("from=2026-05-01&to=2026-05-01")).toEqual({
      total: "2026-05-01T13:00:00.000Z",
      spring: "2026-05-01T13:00:00.000Z",
      "=cmd()": "2026-05-01T12:00:00.000Z",
    });
    const silent = "from=2026-05-03&to=2026-05-04&compare=previous&banner_tag=spring";
    expect(await lastIn(silent)).toEqual({
      total: "2026-05-02T12:00:00.000Z",
      spring: "2026-05-02T12:00:00.000Z",
    });
    expect(await lastIn("from=2026-05-03&to=2026-05-04")).toEqual({ total: null });
  });

  it("sorts, filters and compares", async () => {
    const tags = async (sort: string) =>
      ((await read<Record<string, unknown>>(`/campaigns?${MAY}&sort=${sort}`)).rows as { banner_tag: string }[]).map(
        (row) => row.banner_tag,
      );
    expect(await tags("visits")).toEqual(["=cmd()", "spring"]);
    expect(await tags("-amount")).toEqual(["spring", "=cmd()"]);
    const one = await read<Record<string, unknown>>(`/campaigns?${MAY}&banner_tag=%3Dcmd()`);
    expect(one.rows).toHaveLength(1);
    expect(one.total).toMatchObject({ visits: 1, registrations: 1 });
    const compared = await read<Record<string, unknown>>(
      "/campaigns?project_id=acme&from=2026-05-02&to=2026-05-02&compare=previous",
    );
    expect(compared.previous_period).toEqual({ from: "2026-05-01", to: "2026-05-01" });
    expect(compared.total).toMatchObject({ visits: 1, deposits: 2, previous: { visits: 3, deposits: 1 } });
    expect(compared.has_earlier_data).toBe(true);
    const custom = "/campaigns?project_id=acme&from=2026-05-02&to=2026-05-02&compare=custom";
    const chosen = await read<Record<string, unknown>>(`${custom}&compare_from=2026-05-01&compare_to=2026-05-01`);
    expect(chosen.previous_period).toEqual({ from: "2026-05-01", to: "2026-05-01" });
    expect(chosen.total).toEqual(compared.total);
    for (const [asked, field] of [
      [custom, "compare_from"],
      [`${custom}&compare_from=2026-05-01`, "compare_to"],
      [`${custom}&compare_from=2026-05-02&compare_to=2026-05-01`, "compare_from"],
      [`/campaigns?${MAY}&compare_from=2026-05-01`, "compare_from"],
    ] as const) {
      const refused = await get(asked);
      expect(refused.status, asked).toBe(400);
      expect(await refused.json()).toMatchObject({ errors: [{ field }] });
    }
    const year = await read<Record<string, unknown>>(`/campaigns?${MAY}&compare=year`);
    expect(year.has_earlier_data).toBe(false);
    expect(year.previous_period).toEqual({
      from: "2025-05-01",
      to: "2025-05-31",
    });
  });

  it("compares the days that are over with as many before, and still has the figures of all days", async () => {
    const asked = "/campaigns?project_id=acme&from=2026-05-02&to=2026-05-03&compare=previous";
    const body = await read<Record<string, unknown>>(`${asked}&compare_until=2026-05-02`);
    expect(body.previous_period).toEqual({ from: "2026-04-30", to: "2026-05-01" });
    expect(body.compared_days).toEqual({
      from: "2026-05-02",
      to: "2026-05-02",
      previous: { from: "2026-04-30", to: "2026-04-30" },
    });
    expect(body.total).toMatchObject({
      deposits: 2,
      compared: { deposits: 2 },
      previous: { deposits: 0 },
    });
    const whole = await read<Record<string, unknown>>(`${asked}&compare_until=2026-05-03`);
    expect(whole.total).toMatchObject({ deposits: 2, compared: { deposits: 2 }, previous: { deposits: 1 } });
    const text = await (await get(`${asked}&compare_until=2026-05-02&format=csv`)).text();
    expect(text.split("\r\n")[0]).toMatch(/,previous_visits,.*,compared_visits,/);
    for (const wrong of [
      `${asked}&compare_until=2026-05-04`,
      asked.replace("compare=previous", "compare_until=2026-05-02"),
    ])
      expect((await get(wrong)).status).toBe(400);
  });
});

describe("/players/{id}", () => {
  it("has all data of a player, including the time as a visitor", async () => {
    expect(await read<Record<string, unknown>>("/players/half?project_id=acme")).toEqual({
      project_id: "acme",
      player_id: "half",
      first_seen: "2026-05-01T12:00:00.000Z",
      last_event_at: "2026-05-02T12:00:00.000Z",
      visit_at: "2026-05-01T12:00:00.000Z",
      registration_at: "2026-05-02T12:00:00.000Z",
      deposit_at: null,
      second_deposit_at: null,
      third_deposit_at: null,
      total_events: 2,
      total_deposits: 0,
      total_spins: 0,
      total_purchases: 0,
      total_withdrawals: 0,
      spend: {},
      spend_usd: "0.00",
      withdrawn: {},
      withdrawn_usd: "0.00",
      unconverted: {},
      refunded_unconverted: {},
      withdrawn_unconverted: {},
      segment: "free",
      favourite_app: null,
      email: null,
      phone: null,
      first_tag: "=cmd()",
      last_tag: "=cmd()",
      registration_tag: "=cmd()",
      deposit_tag: null,
    });
    expect((await get("/players/nobody?project_id=acme")).status).toBe(404);
  });
});

describe("wrong parameters", () => {
  it.each([
    ["/metrics?from=2026-02-30", "from"],
    ["/metrics?from=2026-05-02&to=2026-05-01", "from"],
    ["/metrics?interval=week", "interval"],
    ["/metrics?group_by=password", "group_by"],
    ["/metrics?form=2026-05-01", "form"],
    ["/metrics?from=2026-05-01&from=2026-05-02", "from"],
    ["/metrics?format=xml", "format"],
    ["/metrics?country=mt", "country"],
    ["/metrics?device=", "device"],
    ["/anomalies?country=malta", "country"],
    ["/conversions?country=MT", "country"],
    ["/funnel?platform=", "platform"],
    ["/metrics?project_id=nowhere", "project_id"],
    ["/funnel?by=moon", "by"],
    ["/campaigns?sort=banner_tag;drop", "sort"],
    ["/campaigns?compare=never", "compare"],
  ])("%s is a 400 that names it", async (path, field) => {
    const response = await get(path);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect((await response.json<{ errors: { field: string }[] }>()).errors[0]?.field).toBe(field);
  });
});
