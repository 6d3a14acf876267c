/** The dashboard's pure functions: reading and writing the address, choosing days, sorting tables. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { change, fits, justTag, NO_FILTERS, onlyTag, readAddress, writeAddress } from "../../dashboard/address.ts";
import { conditionOf, filledOf } from "../../dashboard/alerts/condition.ts";
import { type Looked, signsOf } from "../../dashboard/attention/signs.ts";
import { runningBucket } from "../../dashboard/chart/axis.ts";
import { earlierOf } from "../../dashboard/cohorts/earlier.ts";
import { zipOf } from "../../dashboard/files/zip.ts";
import {
  bucketsOf,
  choiceOf,
  intervalOf,
  intervalsOf,
  lastHours,
  PRESET_NAMES,
  resolve,
  step,
} from "../../dashboard/period.ts";
import { arrange, type Column, nextSort, readSort, shownOf } from "../../dashboard/table/columns.ts";
import { sheetOf } from "../../dashboard/table/sheet.ts";
import { CONDITION_KINDS, condition } from "../../worker/alerts/condition.ts";
import { addDays, daysBetween } from "../../worker/calendar.ts";
import { unzipped } from "../unzipped.ts";

const TODAY = "2026-03-11";

describe("what needs attention", () => {
  const nothing: Looked = { rejected: null, letters: null, targets: null, health: null, anomalies: null, plan: null };
  const signs = (more: Partial<Looked>) =>
    signsOf({ ...nothing, ...more }, "UTC", { today: TODAY, yesterday: "2026-03-10" });

  it("names the limits of the plan that are nearly reached", () => {
    const use = (database: number, requests: number) => ({
      plan: {
        rows: [
          { what: "database_megabytes", percent: database },
          { what: "requests_a_day", percent: requests },
        ] as const,
      },
    });
    expect(signs(use(79.99, 12))).toEqual([]);
    expect(signs(use(80, 12))).toEqual([
      {
        key: "plan",
        text: "Cloudflare's plan is nearly used up: 80 % of the database's size",
        to: { view: "projections" },
      },
    ]);
    expect(signs(use(91.7, 99)).map(({ text }) => text)).toEqual([
      "Cloudflare's plan is nearly used up: 91 % of the database's size, 99 % of today's requests",
    ]);
  });
});

describe("the address", () => {
  const tag = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
  const text = tag.map((given) => given.trim()).filter(Boolean);
  const tags = fc.uniqueArray(tag, { maxLength: 4 });

  it("reads back everything that is written to it", () => {
    fc.assert(
      fc.property(
        fc.record({
          banner_tag: tags,
          banner_tag_not: tags,
          banner_tag_contains: tags,
          country: tags,
          device: tags,
          app_id: tags,
          platform: tags,
          player_id: fc.option(tag, { nil: undefined }),
          segment_id: fc.option(text, { nil: undefined }),
          search: fc.option(text, { nil: undefined }),
          compare: fc.constantFrom("previous", "year", "weekday", "none"),
          measure: fc.constantFrom("total", "count"),
          columns: tags,
          period: fc.oneof(fc.constantFrom(...PRESET_NAMES), fc.constant({ from: "2026-01-02", to: "2026-02-03" })),
        }),
        (changes) => {
          const address = { ...readAddress(""), ...changes } as ReturnType<typeof readAddress>;
          expect(readAddress(writeAddress(address))).toEqual(address);
        },
      ),
    );
  });

  it("keeps comparison days only for a comparison with custom days, and only both together", () => {
    const own = "?compare=custom&compare_from=2026-01-01&compare_to=2026-01-07";
    expect(writeAddress(readAddress(own))).toBe(own);
    expect(writeAddress(change(readAddress(own), { compare: "year" }))).toBe("?compare=year");
    for (const broken of [
      "?compare=custom",
      "?compare=custom&compare_from=2026-01-01",
      "?compare=custom&compare_from=2026-01-08&compare_to=2026-01-07",
      "?compare_from=2026-01-01&compare_to=2026-01-07",
    ])
      expect(writeAddress(readAddress(broken)), broken).toBe("");
  });

  it("is empty for the default state, and ignores invalid values", () => {
    expect(writeAddress(readAddress(""))).toBe("");
    expect(writeAddress(readAddress("?compare=never&from=2026-13-01&to=x&measure=&unknown=1"))).toBe("");
  });

  it("keeps filters and days for another view, but not the view's other settings", () => {
    const address = readAddress(
      "?view=campaigns&banner_tag=a&country=DE&app_id=slots&period=30d&sort=visits&search=x&columns=amount",
    );
    const next = change(address, { view: "funnel" });
    expect(next).toMatchObject({
      view: "funnel",
      banner_tag: ["a"],
      country: ["DE"],
      app_id: ["slots"],
      period: "30d",
    });
    expect([next.sort, next.search, next.columns]).toEqual([undefined, undefined, []]);
    expect(change(address, { view: "campaigns", search: "y" }).sort).toBe("visits");
  });

  it("begins a view with its default days, when none were chosen", () => {
    expect(readAddress("?view=cohorts").period).toBe("91d");
    const cohorts = change(readAddress(""), { view: "cohorts" });
    expect([cohorts.period, writeAddress(cohorts)]).toEqual(["91d", "?view=cohorts"]);
    expect(change(cohorts, { view: "funnel" }).period).toBe("7d");
    expect(change({ ...cohorts, period: "30d" }, { view: "funnel" }).period).toBe("30d");
    expect(change(cohorts, { view: "campaigns", period: "today" }).period).toBe("today");
  });

  it("knows when everything is about one tag, and which tags pass", () => {
    const of = (search: string) => readAddress(search);
    expect(onlyTag(of("?banner_tag=a"))).toBe("a");
    expect(onlyTag(of("?banner_tag=a&banner_tag=b"))).toBeUndefined();
    expect(onlyTag(of("?banner_tag=a&banner_tag_contains=a"))).toBeUndefined();
    expect(onlyTag(of("?banner_tag=a&segment_id=s"))).toBeUndefined();
    expect(onlyTag(of("?banner_tag=a&country=DE"))).toBe("a");
    expect(onlyTag(of("?country=DE"))).toBeUndefined();
    const filtered = of("?banner_tag_contains=AFF&banner_tag_not=aff-2");
    expect(["aff-1", "aff-2", "other", null].filter((tag) => fits(filtered, tag))).toEqual(["aff-1"]);
    expect(fits({ ...filtered, ...NO_FILTERS }, null)).toBe(true);
  });

  it("changes to one tag and keeps other fields, and removes all filters together", () => {
    const address = readAddress("?banner_tag_not=b&segment_id=s&country=DE&country=SE&platform=ios");
    expect(writeAddress(change(address, justTag("a")))).toBe("?banner_tag=a&country=DE&country=SE&platform=ios");
    expect(writeAddress(change(address, NO_FILTERS))).toBe("");
  });
});

describe("the period", () => {
  it.each(PRESET_NAMES)("%s is recognised by its days, and moves by its length", (name) => {
    const period = resolve(name, TODAY);
    expect(period.from <= period.to && period.to <= TODAY).toBe(true);
    expect(resolve(choiceOf(period, TODAY), TODAY)).toEqual(period);
    const earlier = step(period, -1, TODAY);
    expect(earlier && addDays(earlier.to, 1)).toBe(period.from);
    expect(step(period, 1, TODAY)?.from ?? "later").toSatisfy((from) => from === "later" || from > period.to);
  });

  it("has the 24 hours up to now and those before them, on the overview alone", () => {
    const { days, before, begin, end } = lastHours(TODAY, 14);
    const hours = bucketsOf(days, "hour");
    expect(hours[end - 1]).toEqual({ event_date: TODAY, event_hour: 14 });
    expect(hours[begin]).toEqual({ event_date: addDays(TODAY, -1), event_hour: 15 });
    expect(hours[before]).toEqual({ event_date: addDays(TODAY, -2), event_hour: 15 });
    expect([begin - before, end - begin]).toEqual([24, 24]);
    expect(readAddress("?period=24h").period).toBe("24h");
    expect(change(readAddress("?period=24h"), { view: "funnel" }).period).toBe("2d");
    expect(readAddress("?view=revenue&period=24h").period).toBe("2d");
  });

  it("is cut into buckets that cover each of its days once, whatever the interval", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 800 }), fc.integer({ min: 0, max: 800 }), (start, days) => {
        const from = addDays("2024-12-20", start);
        const period = { from, to: addDays(from, days) };
        for (const interval of intervalsOf(period)) {
          const buckets = bucketsOf(period, interval);
          expect(buckets[0]?.event_date).toBe(from);
          expect(new Set(buckets.map(({ event_date, event_hour }) => `${event_date} ${event_hour}`)).size).toBe(
            buckets.length,
          );
          if (interval === "day") expect(buckets.length).toBe(daysBetween(period.from, period.to));
          expect(runningBucket(period, interval, addDays(period.to, 1), 3)).toBe(buckets.length);
          expect(runningBucket(period, interval, period.to, 23)).toBe(buckets.length - 1);
        }
      }),
      { numRuns: 60 },
    );
    expect(bucketsOf({ from: "2026-03-05", to: "2026-03-17" }, "week").map(({ event_date }) => event_date)).toEqual([
      "2026-03-05",
      "2026-03-09",
      "2026-03-16",
    ]);
    expect(intervalOf({ from: TODAY, to: TODAY }, "month")).toBe("hour");
  });
});

describe("a table", () => {
  type Row = { name: string; count: number | null; amount: string };
  const columns: readonly Column<Row>[] = [
    { name: "name", title: "Name", kind: "text", value: ({ name }) => name },
    { name: "count", title: "Count", kind: "count", value: ({ count }) => count },
    { name: "amount", title: "Amount", kind: "money", value: ({ amount }) => amount, optional: true },
  ];
  const rows: Row[] = [
    { name: "b", count: 2, amount: "10.5" },
    { name: "A", count: 10, amount: "9" },
    { name: "c", count: null, amount: "100" },
    { name: "a2", count: 2, amount: "9" },
  ];
  const names = (sort: string, search = "") =>
    arrange(rows, columns, readSort(columns, sort, "name"), search).map(({ name }) => name);

  it("sorts numbers as numbers, amounts as amounts, missing values last, equal ones by name", () => {
    expect(names("-count")).toEqual(["A", "a2", "b", "c"]);
    expect(names("amount")).toEqual(["A", "a2", "b", "c"]);
    expect(names("-amount")).toEqual(["c", "b", "A", "a2"]);
    expect(names("nothing")).toEqual(["A", "a2", "b", "c"]);
    expect(names("name", "A")).toEqual(["A", "a2"]);
  });

  it("reverses the order when a column is pressed again, and sorts figures by the largest first", () => {
    const [name, count] = columns as [Column<Row>, Column<Row>];
    expect(nextSort(readSort(columns, "name", "name"), count)).toBe("-count");
    expect(nextSort(readSort(columns, "-count", "name"), count)).toBe("count");
    expect(nextSort(readSort(columns, "-count", "name"), name)).toBe("name");
  });

  it("shows the chosen columns, and always the column of names", () => {
    const shown = (asked: string[]) => shownOf(columns, asked).map(({ name }) => name);
    expect(shown([])).toEqual(["name", "count"]);
    expect(shown(["amount"])).toEqual(["name", "amount"]);
    expect(shown(["gone"])).toEqual(["name", "count"]);
    const few = columns.map((column) => (column.name === "amount" ? { ...column, phone: true as const } : column));
    const onPhone = (asked: string[]) => shownOf(few, asked, true).map(({ name }) => name);
    expect(onPhone([])).toEqual(["name", "amount"]);
    expect(onPhone(["count"])).toEqual(["name", "count"]);
    expect(shownOf(columns, [], true)).toEqual(shownOf(columns, []));
  });
});

describe("a file", () => {
  type Row = {
    tag: string;
    at: string;
    visits: number | null;
    amount: string;
    code: string;
    missing: Record<string, string>;
  };
  const columns: readonly Column<Row>[] = [
    { name: "tag", title: "Tag", kind: "text" },
    { name: "at", title: "Last event", kind: "time" },
    { name: "visits", title: "Visits", kind: "count" },
    {
      name: "amount",
      title: "Deposits",
      kind: "money",
      currency: ({ code }) => code,
      missing: ({ missing }) => missing,
      summed: true,
    },
    {
      name: "share",
      title: "EPC",
      kind: "average",
      value: ({ amount }) => amount,
      currency: ({ code }) => code,
      missing: ({ missing }) => missing,
    },
  ];
  const row = (more: Partial<Row>): Row => ({
    tag: "a",
    at: "2026-11-30T08:30:05.120Z",
    visits: 3,
    amount: "12.50",
    code: "EUR",
    missing: {},
    ...more,
  });
  const linesOf = (csv: string) => csv.slice(1).trim().split("\r\n");

  it("of a table has a column for each currency, times in the project's time zone, and no formula", () => {
    const rows = [
      row({ tag: "=HYPERLINK(1)", visits: null }),
      row({ tag: 'b, "c"', missing: { KWD: "1.00", SEK: "-2.00" } }),
    ];
    const csv = sheetOf({ columns, rows, timezone: "America/New_York" });
    expect(csv[0]).toBe("\uFEFF");
    expect(linesOf(csv)).toEqual([
      [
        "Tag,Last event (America/New_York),Visits,Deposits (EUR)",
        '"Deposits, without an exchange rate (KWD)","Deposits, without an exchange rate (SEK)",EPC (EUR)',
        '"EPC, without an exchange rate (KWD)","EPC, without an exchange rate (SEK)"',
      ].join(),
      "'=HYPERLINK(1),2026-11-30 03:30:05,,12.50,,,12.50,,",
      '"b, ""c""",2026-11-30 03:30:05,3,12.50,1.00,-2.00,,1.00,-2.00',
    ]);
    const own = sheetOf({
      columns: columns.slice(3, 4),
      rows: [row({}), row({ code: "SEK", amount: "9" })],
      timezone: "UTC",
    });
    expect(linesOf(own)).toEqual(["Deposits (EUR),Deposits (SEK)", "12.50,", ",9"]);
  });

  it("of a table has the figures of the compared period", () => {
    const before = { called: "May", of: (now: Row) => ({ current: now, earlier: row({ visits: 1 }) }) };
    const csv = sheetOf({
      columns: [columns[0], columns[2]] as Column<Row>[],
      rows: [row({})],
      timezone: "UTC",
      before,
    });
    expect(linesOf(csv)).toEqual(['Tag,Visits,"Visits, May"', "a,3,1"]);
  });

  it("of several tables is an archive from which each can be extracted", async () => {
    const long = "a line\r\n".repeat(5_000);
    const files = { "campaigns.csv": "a,b\r\n", "Länder 🌍.csv": long, "empty.csv": "" };
    const packed = Object.entries(files).map(([name, text]) => ({ name, text }));
    const archive = Buffer.from(await (await zipOf(packed, new Date(2026, 10, 30, 9, 41, 7))).arrayBuffer());
    expect(Object.fromEntries(unzipped(archive))).toEqual(files);
    expect(archive.length).toBeLessThan(long.length / 10);
  });
});

describe("cohorts of an earlier period", () => {
  const days = (from: string, to: string) => ({ from, to });

  it("are those at the same position, if days, weeks or months line up", () => {
    const [may, april] = [days("2026-05-04", "2026-05-17"), days("2026-04-20", "2026-05-03")];
    expect(earlierOf("day", may, april)?.("2026-05-09")).toBe("2026-04-25");
    expect(earlierOf("week", may, april)?.("2026-05-11")).toBe("2026-04-27");
    expect(earlierOf("month", days("2026-01-01", "2026-03-31"), days("2025-01-01", "2025-03-31"))?.("2026-03-01")).toBe(
      "2025-03-01",
    );
    expect(earlierOf("month", days("2026-02-10", "2026-03-31"), days("2025-12-10", "2026-01-31"))?.("2026-03-01")).toBe(
      "2026-01-01",
    );
  });

  it("are none if a part of a week or month would be compared with a whole one", () => {
    expect(earlierOf("week", days("2026-05-04", "2026-05-13"), days("2026-04-24", "2026-05-03"))).toBeNull();
    expect(earlierOf("month", days("2026-05-04", "2026-07-13"), days("2026-03-01", "2026-05-03"))).toBeNull();
  });
});

describe("the form of an alert", () => {
  const figure = { metric: "events", event_type: "deposit", minutes: 60 };
  const conditions = [
    { kind: "silence", event_type: "visits", minutes: 30, banner_tags: ["a", "b"], device: "mobile" },
    { kind: "threshold", comparison: "below", value: 2.5, ...figure, segment_id: "s-1" },
    { kind: "threshold", comparison: "above", value: 0, metric: "revenue", minutes: 60 },
    // An event type with the name of a metric.
    { kind: "threshold", comparison: "above", value: 1, ...figure, event_type: "revenue" },
    { kind: "threshold", comparison: "above", value: 1, metric: "events", minutes: 60 },
    { kind: "change", direction: "rise", percent: 40, ...figure, at_least: 5, country: "DE" },
    { kind: "anomaly", severity: "medium", banner_tags: ["a"] },
    { kind: "rejections", above: 3, hours: 24, code: "invalid", banner_tag: "a" },
    { kind: "dead_letters", above: 1 },
    { kind: "plan", percent: 80 },
    ...(["postbacks", "rates", "archive", "projections"] as const).map((kind) => ({ kind })),
  ];

  it("can hold every kind of condition, and returns it unchanged", () => {
    expect([...new Set(conditions.map(({ kind }) => kind))].sort()).toEqual([...CONDITION_KINDS].sort());
    for (const one of conditions) expect(conditionOf(filledOf(condition.parse(one)))).toEqual(one);
  });
});
