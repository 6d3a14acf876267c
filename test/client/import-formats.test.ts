/** How the importer reads files, line by line. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { judgeLine } from "../../scripts/import/batch.ts";
import { readCombined } from "../../scripts/import/combined.ts";
import { csv, delimiterOf, splitRecord } from "../../scripts/import/csv.ts";
import type { Entry, Found, Line } from "../../scripts/import/entry.ts";
import { FORMAT_NAMES, type Format, formatOf, guessFormat } from "../../scripts/import/format.ts";
import { pathsOf } from "../../scripts/import/hit.ts";
import { Identity } from "../../scripts/import/identity.ts";
import { linesOf } from "../../scripts/import/lines.ts";
import { mapped, mappingOf, NO_MAPPING } from "../../scripts/import/mapping.ts";
import { readJson } from "../../scripts/import/ndjson.ts";
import { State } from "../../scripts/import/state.ts";
import { noTally } from "../../scripts/import/tally.ts";

const folder = mkdtempSync(join(tmpdir(), "edgepixel-formats-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (bytes: string | Uint8Array, name = "file") => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
const all = async <Item>(items: AsyncIterable<Item>) => Array.fromAsync(items);
const latin1 = (text: string) => Buffer.from(text, "latin1");

const WAYS = { clock: { timezone: "UTC", dates: null }, decimal: null, project: "default" } as const;
const OPTIONS = { paths: pathsOf([]), clock: WAYS.clock };

/** An event's fields, or the reason why a line is no event. */
const told = (found: Found): unknown =>
  found.kind === "event"
    ? Object.fromEntries(found.pairs.filter(([, value]) => value !== undefined))
    : found.kind === "skipped"
      ? found.reason
      : found.errors[0]?.message;

describe("lines", () => {
  const shown = ({ line, end, bytes }: Line) => [line, end, bytes.toString()];

  it.each<[string, string, [number, number, string][]]>([
    [
      "end with LF",
      "a\nb\n",
      [
        [1, 2, "a"],
        [2, 4, "b"],
      ],
    ],
    [
      "end with CRLF",
      "a\r\nb\r\n",
      [
        [1, 3, "a"],
        [2, 6, "b"],
      ],
    ],
    [
      "need not end at the file's end",
      "a\nb",
      [
        [1, 2, "a"],
        [2, 3, "b"],
      ],
    ],
    [
      "begin behind a byte order mark",
      "\uFEFFa\n\uFEFFb",
      [
        [1, 5, "a"],
        [2, 9, "\uFEFFb"],
      ],
    ],
    [
      "may be empty",
      "\n\na",
      [
        [1, 1, ""],
        [2, 2, ""],
        [3, 3, "a"],
      ],
    ],
    ["are none in an empty file", "", []],
  ])("%s", async (_, text, lines) => {
    expect((await all(linesOf(file(text)))).map(shown)).toEqual(lines);
    expect((await all(linesOf(file(gzipSync(text), "packed.gz")))).map(shown)).toEqual(lines);
  });

  it("across chunks are whole, and one without end is not held", async () => {
    const lines = Array.from({ length: 50_000 }, (_, n) => `${n} ${"x".repeat(n % 50)}`);
    expect((await all(linesOf(file(lines.join("\n"))))).map(({ bytes }) => bytes.toString())).toEqual(lines);
    const [long, next] = await all(linesOf(file(`${"x".repeat(5_000_000)}\nnext`)));
    expect([long?.bytes.length, next?.line, next?.end]).toEqual([1024 * 1024 + 1, 2, 5_000_005]);
    expect(told(readJson(long?.bytes as Buffer))).toBe("is longer than 1 MB");
  });

  it("report a compressed file that was cut off", async () => {
    const cut = gzipSync("a\nb\n".repeat(1_000)).subarray(0, 30);
    await expect(all(linesOf(file(cut)))).rejects.toThrow(/unexpected end/i);
  });
});

describe("NDJSON", () => {
  it.each<[string, string | Buffer, unknown]>([
    ["an event", '{"event_type":"visit","score":5}', { event_type: "visit", score: 5 }],
    ["a blank line", "  ", "blank"],
    ["a list", "[1]", "must be a JSON object, one a line"],
    ["null", "null", "must be a JSON object, one a line"],
    ["half an object", '{"a":', "is not JSON"],
    ["Latin-1", latin1('{"player_id":"Jos\u00e9"}'), expect.stringContaining("is not UTF-8")],
  ])("%s", (_, line, expected) => expect(told(readJson(Buffer.from(line as string)))).toEqual(expected));

  it("has the same content in any order of keys", () => {
    const content = (line: string) => (readJson(Buffer.from(line)) as { content: string }).content;
    expect(content('{"b":{"d":1,"c":[2,1]},"a":1}')).toBe(content('{ "a":1, "b":{"c":[2,1],"d":1} }'));
    expect(content('{"a":[2,1]}')).not.toBe(content('{"a":[1,2]}'));
  });
});

describe("CSV", () => {
  it.each<[string, string[] | "open" | "broken"]>([
    ["a,b,c", ["a", "b", "c"]],
    ["", [""]],
    [",", ["", ""]],
    ['"a,b",c', ["a,b", "c"]],
    ['"a ""quoted"" b",""', ['a "quoted" b', ""]],
    ['a "bare" quote,b', ['a "bare" quote', "b"]],
    ['"two\nlines",b', ["two\nlines", "b"]],
    ['"", a ', ["", " a "]],
    ['a,"b', "open"],
    ['"a"b,c', "broken"],
  ])("%j", (text, fields) => expect(splitRecord(text, ",")).toEqual(fields));

  it.each([
    ["a,b;c,d", ","],
    ["a;b;c", ";"],
    ["a\tb", "\t"],
    ["alone", ","],
    ['"x;y;z",b', ","],
  ])("%j is delimited by %j", (header, delimiter) => expect(delimiterOf(header)).toBe(delimiter));

  const read = async (bytes: string | Buffer) =>
    (await all(csv(linesOf(file(bytes))))).map(({ line, end, found }: Entry) => [line, end, told(found)]);

  it("has a header; records may span lines; a refused record is reported by its line", async () => {
    const text = '\uFEFFplayer,note\r\np1,"two\r\nlines"\r\n\r\np2\r\np3,x\r\n';
    expect(await read(text)).toEqual([
      [1, 16, "header"],
      [2, 33, { player: "p1", note: "two\nlines" }],
      [4, 35, "blank"],
      [5, 39, "has 1 fields, the header 2"],
      [6, 45, { player: "p3", note: "x" }],
    ]);
  });

  it("loses one line to a quote that is not closed, and no more", async () => {
    expect(await read('a,b\n1,"open\n2,x\n3,y\n')).toEqual([
      [1, 4, "header"],
      [2, 12, "has a quote that is not closed"],
      [3, 16, { a: "2", b: "x" }],
      [4, 20, { a: "3", b: "y" }],
    ]);
  });

  it("refuses Latin-1 by the line, and a header without meaning", async () => {
    expect(await read(latin1("a,b\nJos\u00e9,1\nx,2\n"))).toEqual([
      [1, 4, "header"],
      [2, 11, expect.stringContaining("is not UTF-8")],
      [3, 15, { a: "x", b: "2" }],
    ]);
    await expect(read(latin1("Pr\u00e9nom,b\n"))).rejects.toThrow("The header is not UTF-8");
    await expect(read("a,a\n")).rejects.toThrow("The header has a twice");
    expect(await read(",b\n1,2\n")).toEqual([expect.anything(), [2, 7, { column_1: "1", b: "2" }]]);
  });
});

describe("access logs", () => {
  const TIME = "10/Oct/2023:13:55:36 -0700";
  const AT = Date.UTC(2023, 9, 10, 20, 55, 36);
  const DAY = 86_400_000;
  const line = (target: string, { host = "203.0.113.9", status = 200, page = "-", agent = "-", method = "GET" } = {}) =>
    `${host} - - [${TIME}] "${method} ${target} HTTP/1.1" ${status} 43 "${page}" "${agent}"`;
  const event = { event_type: "visit", player_id: "p", timestamp: AT, source_ip: "203.0.113.9" };

  it.each<[string, string | Buffer, unknown]>([
    ["a pixel", line("/visit?player_id=p"), event],
    ["a pixel of another type", line("/pixel/level_up?player_id=p"), { ...event, event_type: "level_up" }],
    [
      "page and agent",
      line("/visit?player_id=p", { page: "https://a.example/b?c=d", agent: "Mozilla/5.0 (X)" }),
      { ...event, referrer: "https://a.example/b?c=d", user_agent: "Mozilla/5.0 (X)" },
    ],
    ["IPv6", line("/visit?player_id=p", { host: "2001:db8::1" }), { ...event, source_ip: "2001:db8::1" }],
    [
      "a host's name, which is no address",
      line("/visit?player_id=p", { host: "a.example" }),
      { ...event, source_ip: undefined },
    ],
    [
      "percent-encoding, as pixels are read",
      line("/visit?player_id=J%C3%B6rg+%26%20x&btag=a%2Bb"),
      { ...event, player_id: "Jörg & x", btag: "a+b" },
    ],
    ["the address in full", line("https://pixel.example/visit?player_id=p"), event],
    ["a user's name with spaces", line("/visit?player_id=p").replace("- - ", "- a b "), event],
    ["the common format", line("/visit?player_id=p").replace(/ "-" "-"$/, ""), event],
    ["more behind the agent", `${line("/visit?player_id=p")} "-" rt=0.01`, event],
    [
      "escaped quotes in the agent",
      line("/visit?player_id=p", { agent: 'a \\"b\\" \\x22c\\x22 \\\\' }),
      { ...event, user_agent: 'a "b" "c" \\' },
    ],
    [
      "escaped UTF-8 in the agent",
      line("/visit?player_id=p", { agent: "\\xC3\\xA9\\x07" }),
      { ...event, user_agent: "é " },
    ],
    [
      "Latin-1 in the agent",
      latin1(line("/visit?player_id=p", { agent: "Caf\u00e9" })),
      { ...event, user_agent: "Café" },
    ],
    [
      "an agent without end",
      line("/visit?player_id=p", { agent: "x".repeat(900) }),
      { ...event, user_agent: "x".repeat(512) },
    ],
    ["a time of its own", line("/visit?player_id=p&timestamp=1696971000000"), { ...event, timestamp: "1696971000000" }],
    [
      "the time of a clock a year ahead, and what that showed as it sent",
      line(`/visit?player_id=p&timestamp=${AT + 365 * DAY - 60_000}&sent_at=${AT + 365 * DAY}`),
      { ...event, timestamp: AT - 60_000, sent_at: String(AT + 365 * DAY) },
    ],
    ["a clock without an event's time", line("/visit?player_id=p&sent_at=1"), { ...event, sent_at: "1" }],
    ["what happened in the query", line("/happened?event_type=spin&player_id=p"), { ...event, event_type: "spin" }],
    [
      "names of who sent it, which are data",
      line("/visit?player_id=p&country=xx&data=1&x=y"),
      { ...event, x: "y", data: { country: "xx", data: "1" } },
    ],
    ["a signature, which is none of it", line("/visit?player_id=p&sig=00&event_type=visit"), event],
    ["another path", line("/index.html?player_id=p"), "not a pixel"],
    ["a path below a pixel's", line("/visit/x"), "not a pixel"],
    [
      "a pixel that was refused",
      line("/visit?player_id=p", { status: 400 }),
      "a pixel, but not answered with 2xx or 304",
    ],
    ["a pixel by HEAD", line("/visit?player_id=p", { method: "HEAD" }), "a pixel, but not by GET or POST"],
    ["what was no HTTP", `203.0.113.9 - - [${TIME}] "\\x16\\x03\\x01" 400 0 "-" "-"`, "not a pixel"],
    ["an empty request", `203.0.113.9 - - [${TIME}] "-" 408 0 "-" "-"`, "not a pixel"],
    ["a line that was cut off", line("/visit?player_id=p").slice(0, 60), "is not in the format of an access log"],
    [
      "an agent that was cut off",
      line("/visit?player_id=p", { agent: "Mozilla" }).slice(0, -3),
      "is not in the format of an access log",
    ],
    ["another month", line("/visit").replace("Oct", "Okt"), "has no time that can be read"],
    ["brackets without end", "[".repeat(100_000), "is not in the format of an access log"],
    ["nothing", "", "blank"],
  ])("with %s", (_, text, expected) => {
    const found = told(readCombined(Buffer.from(text as string), OPTIONS));
    expect(found).toEqual(expected);
  });

  it("that give a field twice are refused as the pixel would be", () => {
    const found = readCombined(Buffer.from(line("/visit?player_id=p&btag=a&banner_tag=b&event_type=deposit")), OPTIONS);
    const judged = judgeLine(found as never, NO_MAPPING, new Identity(), WAYS, Date.now());
    expect(judged).toMatchObject({
      errors: [
        { field: "banner_tag", code: "repeated" },
        { field: "event_type", code: "repeated" },
      ],
    });
  });
});

describe("the format is recognised by the content", () => {
  const FIRST_LINES: Record<Format, string> = {
    ndjson: '{"event_type":"visit"}',
    csv: "event_type,player_id",
    combined: '::1 - - [10/Oct/2023:13:55:36 +0000] "GET / HTTP/2.0" 200 5 "-" "-"',
    w3c: "#Fields: date time cs-method cs-uri-stem sc-status",
    "json-log": '{"time":"2026-05-01T08:00:00Z","method":"GET","path":"/visit?visitor_id=v","status":200}',
  };
  it.each(FORMAT_NAMES)("%s", (format) => expect(formatOf(FIRST_LINES[format])).toBe(format));

  it("whatever the file is called", async () => {
    expect(await guessFormat(file(gzipSync('\uFEFF\n\n{"a":1}\n'), "old.csv"))).toBe("ndjson");
    expect(() => formatOf('[{"a":1}]')).toThrow("JSON array");
  });
});

describe("a mapping", () => {
  const apply = (pairs: Record<string, unknown>, map: string[], set: string[] = [], type?: string) =>
    Object.fromEntries(mapped(Object.entries(pairs), mappingOf({ map, set, type })));

  it("takes fields from columns, and values where a line has none", () => {
    expect(
      apply({ who: "p", payout: "5", x: "y", empty: "" }, ["player_id=who", "amount=payout"], ["currency=EUR"]),
    ).toEqual({ player_id: "p", amount: "5", currency: "EUR", x: "y" });
    expect(apply({ amount: "1", payout: "5" }, ["amount=payout"])).toEqual({ amount: "5" });
    expect(apply({ amount: "1" }, ["amount=payout"])).toEqual({ amount: "1" });
    expect(apply({ tag: "t", btag: "b" }, ["btag=tag"])).toEqual({ banner_tag: "t" });
    expect(apply({ user: "u" }, ["player_id=user", "visitor_id=user"])).toEqual({ player_id: "u", visitor_id: "u" });
    expect(apply({ event_type: "" }, [], [], "visit")).toEqual({ event_type: "visit" });
    expect(apply({ event_type: "spin" }, [], [], "visit")).toEqual({ event_type: "spin" });
    expect(apply({ data: '{"a":1}' }, [])).toEqual({ data: { a: 1 } });
  });

  it("gives no currency to what has no amount, and overrides none", () => {
    expect(apply({ a: 1 }, [], ["currency=EUR"])).toEqual({ a: 1 });
    expect(apply({ amount: "1", currency: "USD" }, [], ["currency=EUR"])).toEqual({ amount: "1", currency: "USD" });
  });

  it.each([
    [["amuont=payout"], /amuont=payout.*amount/],
    [["amount"], /amount: write field=column/],
    [["amount=a", "amount=b"], /amount twice/],
  ])("is checked: %j", (map, message) => expect(() => mappingOf({ map, set: [], type: undefined })).toThrow(message));
});

describe("ids", () => {
  const give = (contents: string[], project = "p") => {
    const identity = new Identity();
    const ids = contents.map((content) => identity.idOf(project, content));
    identity.close();
    return ids;
  };

  it("are the same for the same file, differ for two identical lines, and differ by project", () => {
    const ids = give(["a", "b", "a", "a"]);
    expect(new Set(ids).size).toBe(4);
    expect(give(["a", "b", "a", "a"])).toEqual(ids);
    expect(give(["b", "x", "a", "a", "a"]).toSorted()).toEqual(expect.arrayContaining(ids));
    expect(new Set([...ids, ...give(["a", "b"], "q")]).size).toBe(6);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9._:-]{1,64}$/);
  });

  it("do not depend on the mapping", () => {
    const found = readJson(Buffer.from('{"who":"p","event_type":"visit","timestamp":"2015-01-01"}')) as never;
    const id = (map: string[]) => {
      const mapping = mappingOf({ map, set: ["platform=web"], type: undefined });
      const judged = judgeLine(found, mapping, new Identity(), WAYS, Date.now());
      return "json" in judged && JSON.parse(judged.json).event_id;
    };
    expect(id(["player_id=who"])).toBe(id(["visitor_id=who"]));
    expect(id(["player_id=who"])).toMatch(/^import-/);
  });
});

describe("the state", () => {
  const position = { end: 5, rejects: 7, tally: { ...noTally(), read: 2 } };
  const at = (path: string, way: unknown = "w") => new State(join(folder, "state.json"), path, way);

  it("is resumed for a file that grew, not for another file or other options", async () => {
    const path = file("a\nb\nc\n", "grows");
    const state = at(path);
    expect(await state.load()).toEqual({ end: 0, rejects: 0, tally: noTally() });
    state.save(position);
    expect(await at(path).load()).toEqual(position);
    file("a\nb\nc\nd\n", "grows");
    expect(await at(path).load()).toEqual(position);
    expect(await at(path, "other").load()).toMatchObject({ end: 0 });
    file("b\nb\nc\nd\n", "grows");
    expect(await at(path).load()).toMatchObject({ end: 0 });
    file("{ half", "state.json");
    expect(await at(path).load()).toMatchObject({ end: 0 });
  });

  it("holds several files", async () => {
    const [one, two] = [file("1", "one"), file("2", "two")];
    for (const path of [one, two]) {
      const state = at(path);
      await state.load();
      state.save({ ...position, end: 1 });
    }
    expect([(await at(one).load()).end, (await at(two).load()).end]).toEqual([1, 1]);
  });
});
