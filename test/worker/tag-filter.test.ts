/** Reports with every filter by tag: each answer equals that of the tags that the filter matches. */
import { hc } from "hono/client";
import { beforeAll, describe, expect, it } from "vitest";
import type { Api } from "../../worker/app.ts";
import { REPORTS } from "../../worker/reports/index.ts";
import { get, HOST, read } from "./api.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, deliver, settle, storedEvent } from "./log.ts";

const PROJECT = "filtered";
const TAGS = ["summer", "SUMMER-two", "winter", "50%_off", "été"];
/** Past days, so that answers are cached, too. */
const DAY = "2026-03-04";
const PERIOD = `project_id=${PROJECT}&from=2026-03-01&to=2026-03-31`;

const asked = (filter: Record<string, string[]>) =>
  Object.entries(filter)
    .flatMap(([name, values]) => values.map((value) => `&${name}=${encodeURIComponent(value)}`))
    .join("");

beforeAll(async () => {
  await createProject(PROJECT);
  const at = Date.parse(`${DAY}T10:00:00Z`);
  const events = [...TAGS, null].flatMap((banner_tag, index) => {
    const by = { project_id: PROJECT, player_id: `p${index}`, banner_tag, app_id: "game" };
    return [
      ...Array.from({ length: index + 1 }, (_, nth) =>
        storedEvent({ ...by, event_type: "visit", timestamp: at + nth * 1_000 }),
      ),
      storedEvent({ ...by, event_type: "registration", timestamp: at + 60_000 }),
      storedEvent({ ...by, event_type: "deposit", timestamp: at + 120_000, amount: 10_000 << index, currency: "USD" }),
    ];
  });
  // A person of two tags, who counts once.
  for (const banner_tag of ["summer", "winter"])
    events.push(
      storedEvent({ project_id: PROJECT, player_id: "both", banner_tag, event_type: "visit", timestamp: at + 5_000 }),
    );
  await deliver([{ events }]);
  await settle();
});

/** The tags that a filter matches; `""` is no tag. */
const CASES: [Record<string, string[]>, string[]][] = [
  [{ banner_tag: ["summer"] }, ["summer"]],
  [{ banner_tag: ["summer", "winter", "summer"] }, ["summer", "winter"]],
  [{ banner_tag: ["summer", "nowhere"] }, ["summer"]],
  [{ banner_tag_contains: ["summer"] }, ["summer", "SUMMER-two"]],
  [{ banner_tag_contains: ["SUMM", "É"] }, ["summer", "SUMMER-two", "été"]],
  [{ banner_tag_contains: ["%_"] }, ["50%_off"]],
  [{ banner_tag_contains: ["m"], banner_tag_not: ["summer"] }, ["SUMMER-two"]],
  [{ banner_tag: ["summer", "winter"], banner_tag_not: ["winter"] }, ["summer"]],
  [{ banner_tag: ["summer", "winter"], banner_tag_contains: ["int"] }, ["winter"]],
  [{ banner_tag_not: ["summer", "50%_off"] }, ["SUMMER-two", "winter", "été", ""]],
  [{ banner_tag_not: ["Summer"] }, [...TAGS, ""]],
  [{ banner_tag_not: TAGS }, [""]],
  [{ banner_tag_contains: ["nowhere"] }, []],
  [{ banner_tag: ["summer"], banner_tag_not: ["summer"] }, []],
];

const NARROWED = REPORTS.filter(({ query }) => "banner_tag" in query.shape);
const pathOf = (one: (typeof REPORTS)[number]) =>
  one.path.replace(/:(\w+)/g, (_, name) => one.examples?.[name] as string);
const periodFor = (one: (typeof REPORTS)[number]) =>
  "from" in one.query.shape
    ? PERIOD
    : "date" in one.query.shape
      ? `project_id=${PROJECT}&date=${DAY}`
      : one.id === "getSeries"
        ? `project_id=${PROJECT}&startTime=${DAY}T00:00:00Z&endTime=${DAY}T24:00:00Z`.replace(
            "T24:00:00Z",
            "T23:59:59Z",
          )
        : `project_id=${PROJECT}`;

describe("a report", () => {
  it.each(NARROWED.map((one) => [one.path, one] as const))("%s is of the tags of its filters", async (_, one) => {
    const path = `${pathOf(one)}?${periodFor(one)}`;
    for (const [filter, tags] of CASES) {
      const got = await read(`${path}${asked(filter)}`);
      const { rows, steps, points } = got as Record<string, { value?: number; players?: number }[]>;
      if (tags.length === 0) {
        expect([filter, rows ?? [], (steps ?? []).map(({ players }) => players).filter(Boolean)]).toEqual([
          filter,
          [],
          [],
        ]);
        expect((points ?? []).filter(({ value }) => value !== 0)).toEqual([]);
      } else if (!tags.includes("")) {
        expect({ filter, got }).toEqual({ filter, got: await read(`${path}${asked({ banner_tag: tags })}`) });
      }
    }
  });

  it("adds up to the sum of its tags", async () => {
    const totals = async (filter: Record<string, string[]>) => {
      const { rows } = await read<{ rows: { event_type: string; total: number }[] }>(
        `/metrics?${PERIOD}${asked(filter)}`,
      );
      return rows.reduce((sum, { total }) => sum + total, 0);
    };
    const alone = new Map<string, number>();
    for (const tag of TAGS) alone.set(tag, await totals({ banner_tag: [tag] }));
    alone.set("", (await totals({})) - [...alone.values()].reduce((sum, total) => sum + total, 0));
    expect(alone.get("")).toBe(8);
    for (const [filter, tags] of CASES) {
      const sum = tags.reduce((all, tag) => all + (alone.get(tag) ?? 0), 0);
      expect({ filter, total: await totals(filter) }).toEqual({ filter, total: sum });
    }
  });

  it("counts a person of several tags once, and a person without one under the empty tag", async () => {
    const unique = async (filter: Record<string, string[]>) =>
      (await read<{ total: { unique_players: number } }>(`/campaigns?${PERIOD}${asked(filter)}`)).total.unique_players;
    expect(await unique({ banner_tag: ["summer", "winter"] })).toBe(3);
    expect(await unique({ banner_tag_not: TAGS })).toBe(1);
    const { rows } = await read<{ rows: { player_id: string }[] }>(
      `/players?project_id=${PROJECT}${asked({ banner_tag_not: TAGS })}`,
    );
    expect(rows.map(({ player_id }) => player_id)).toEqual(["p5"]);
  });

  it("has another ETag for other filters, in every format", async () => {
    for (const format of ["json", "csv", "ndjson"]) {
      const of = (filter: Record<string, string[]>) => get(`/campaigns?${PERIOD}&format=${format}${asked(filter)}`);
      const [one, other] = [await of({ banner_tag_not: ["summer"] }), await of({ banner_tag_contains: ["summer"] })];
      expect(one.headers.get("etag")).toBeTruthy();
      expect(one.headers.get("etag")).not.toBe(other.headers.get("etag"));
      expect(await one.text()).not.toBe(await other.text());
    }
  });

  it.each([
    [`banner_tag=`, "banner_tag"],
    [asked({ banner_tag: Array.from({ length: 51 }, (_, nth) => `t${nth}`) }).slice(1), "banner_tag"],
    [`banner_tag_contains=${"x".repeat(257)}`, "banner_tag_contains"],
    ["group_by=country&group_by=device", "group_by"],
    ["from=2026-03-01&from=2026-03-02", "from"],
    ["segment_id=a&segment_id=b", "segment_id"],
    ["segment_id=nowhere", "segment_id"],
    ["banner_tag_like=x", "banner_tag_like"],
  ])("refuses %s", async (query, field) => {
    const response = await get(`/metrics?project_id=${PROJECT}&${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field }] });
  });

  it("is asked through the typed client with one tag or several", () => {
    const client = hc<Api>(`${HOST}/api/v1`);
    const query = { banner_tag: ["a", "b"], banner_tag_not: "c" };
    expect(client.metrics.$url({ query }).search).toBe("?banner_tag=a&banner_tag=b&banner_tag_not=c");
    expect(client.campaigns.$url({ query: { ...query, compare: "weekday" } }).search).toContain("compare=weekday");
  });

  it.each([
    ["2026-03-04", "2026-03-04", "2026-02-25", "2026-02-25"],
    ["2026-03-02", "2026-03-08", "2026-02-23", "2026-03-01"],
    ["2026-03-01", "2026-03-31", "2026-01-25", "2026-02-24"],
  ])("of %s to %s is compared with the same weekdays", async (from, to, before, until) => {
    const body = await read<{ previous_period: object }>(
      `/campaigns?project_id=${PROJECT}&from=${from}&to=${to}&compare=weekday`,
    );
    expect(body.previous_period).toEqual({ from: before, to: until });
    const weekday = (date: string) => new Date(date).getUTCDay();
    expect(weekday(before)).toBe(weekday(from));
  });
});

describe("a key of some tags", () => {
  it("never gets other tags, whatever its filters", async () => {
    const key = await makeApiKey({ role: "viewer", project_id: PROJECT, banner_tags: ["summer", "winter"] });
    const headers = bearer(key);
    const seen = async (filter: Record<string, string[]>) =>
      (await read<{ rows: { banner_tag: string }[] }>(`/campaigns?${PERIOD}${asked(filter)}`, headers)).rows.map(
        ({ banner_tag }) => banner_tag,
      );
    expect((await seen({})).sort()).toEqual(["summer", "winter"]);
    expect(await seen({ banner_tag_not: ["summer"] })).toEqual(["winter"]);
    expect(await seen({ banner_tag_contains: ["SUMMER"] })).toEqual(["summer"]);
    expect(await seen({ banner_tag_contains: ["off"] })).toEqual([]);
    expect((await get(`/campaigns?${PERIOD}&banner_tag=summer&banner_tag=50%25_off`, headers)).status).toBe(403);
  });
});
