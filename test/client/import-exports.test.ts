/** Exports of other programs: their encodings, times, amounts, words and columns. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readAmount } from "../../scripts/import/amount.ts";
import { judgeLine } from "../../scripts/import/batch.ts";
import { headerOf } from "../../scripts/import/csv.ts";
import { FORMATS, formatOf, guessFormat } from "../../scripts/import/format.ts";
import { pathsOf } from "../../scripts/import/hit.ts";
import { Identity } from "../../scripts/import/identity.ts";
import { linesOf } from "../../scripts/import/lines.ts";
import { checkColumns, mappingOf, NO_MAPPING } from "../../scripts/import/mapping.ts";
import { readJson } from "../../scripts/import/ndjson.ts";
import { valueAt } from "../../scripts/import/path.ts";
import { PRESET_NAMES, PRESETS, presetFor } from "../../scripts/import/presets.ts";
import { readTime } from "../../scripts/import/time.ts";
import { failing, whereOf } from "../../scripts/import/where.ts";
import { instantOf, localTime } from "../../worker/calendar.ts";
import { importedEvent } from "../../worker/event.ts";

const folder = mkdtempSync(join(tmpdir(), "edgepixel-exports-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (bytes: string | Uint8Array) => {
  const path = join(folder, "export");
  writeFileSync(path, bytes);
  return path;
};

type Given = Partial<Parameters<typeof mappingOf>[0]> & { timezone?: string; encoding?: string };
type Event = Record<string, unknown>;
/** For each line of a file: the event that is sent, without its id, or the reason why none is. */
async function read(bytes: string | Uint8Array, given: Given = {}): Promise<(Event | string)[]> {
  const { timezone = "UTC", encoding, ...rest } = given;
  const path = file(bytes);
  const clock = { timezone, dates: null };
  const mapping = mappingOf({ map: [], set: [], ...rest });
  const format = await guessFormat(path, encoding);
  const identity = new Identity();
  const lines: (Event | string)[] = [];
  for await (const { found } of FORMATS[format](linesOf(path, { encoding }), { paths: pathsOf([]), clock })) {
    if (found.kind !== "event") {
      lines.push(found.kind === "skipped" ? found.reason : (found.errors[0]?.message ?? ""));
      continue;
    }
    const judged = judgeLine(found, mapping, identity, { clock, decimal: null, project: "p" }, Date.UTC(2026, 10, 29));
    if ("json" in judged) {
      const { event_id: _, ...event } = JSON.parse(judged.json);
      lines.push(event);
    } else lines.push("skipped" in judged ? judged.skipped : (judged.errors[0]?.message ?? ""));
  }
  identity.close();
  return lines;
}

describe("a time", () => {
  const AT = Date.UTC(2026, 4, 2, 0, 10);
  it.each<[string, number | string]>([
    ["2026-05-02T00:10:00Z", AT],
    ["2026-05-02T02:10:00+02:00", AT],
    ["2026-05-01T20:10:00-0400", AT],
    ["2026-05-02 00:10:00", AT],
    ["2026-05-02 00:10:00.500", AT + 500],
    ["2026-05-02 00:10:00 UTC", AT],
    ["2026-05-02T02:10:00 02:00", AT],
    ["2026-05-02T05:40:00+0530", AT],
    ["2026-05-02 03:10:00 UTC+3", AT],
    ["2026/05/02 00:10", AT],
    ["20260502 00:10", AT],
    ["02.05.2026 00:10", AT],
    ["2.5.26, 00:10", AT],
    ["13/05/2026", Date.UTC(2026, 4, 13)],
    ["5/13/2026 1:00:00 PM", Date.UTC(2026, 4, 13, 13)],
    ["5/5/2026", Date.UTC(2026, 4, 5)],
    ["05/06/2026", "may be day/month or month/day: say which with --dates dmy or --dates mdy"],
    ["2026-05-02 12:10:00 AM", AT],
    ["2026-05-02 12:10:00 PM", AT + 12 * 3_600_000],
    ["2026-05-02 09:37:46 P.M.", Date.UTC(2026, 4, 2, 21, 37, 46)],
    ["2026-05-02 13:10:00 PM", "is a time that does not exist"],
    ["2 May 2026 00:10:00", AT],
    ["May 2, 2026 12:10 AM", AT],
    ["02-May-2026 00:10", AT],
    ["Sat, 02 May 2026 00:10:00 GMT", AT],
    ["02/May/2026:02:10:00 +0200", AT],
    ["1777680600", AT],
    ["1777680600.25", AT + 250],
    ["1777680600000", AT],
    ["1777680600000000", AT],
    ["1777680600000000000", AT],
    ["2026-05-02T02:10:00+02:00[Europe/Kyiv]", AT],
    ["2026-05-02 05:55:00 +0545", AT],
    ["05/02/26 00:10", "may be day/month or month/day: say which with --dates dmy or --dates mdy"],
    ["5/13/26", Date.UTC(2026, 4, 13)],
    [
      "26-05-02",
      "may begin with the year or with the day: say which with --dates dmy, or write the year with four digits",
    ],
    ["29.02.2026", "is a time that does not exist"],
    ["2/29/2026", "is a time that does not exist"],
    ["0000-00-00 00:00:00", "is a time that does not exist"],
    ["2026-02-30 10:00", "is a time that does not exist"],
    ["2026-13-01", "is a time that does not exist"],
    ["2026-05-02 25:00", "is a time that does not exist"],
    ["2026-05-02 23:59:60", "is a time that does not exist"],
    ["2026-05-01T24:00:00Z", Date.UTC(2026, 4, 2)],
    ["2026-05-02 00:10:00 EST", expect.stringContaining("is in no form that is known") as never],
    ["yesterday", expect.stringContaining("is in no form that is known") as never],
    ["46144.0069", expect.stringContaining("is in no form that is known") as never],
  ])("%s", (text, expected) => {
    const reading = readTime(text, { timezone: "UTC", dates: null });
    expect("at" in reading ? reading.at : reading.error).toEqual(expected);
  });

  it("of two numbers is read in the order that the option names", () => {
    const at = (text: string, dates: "dmy" | "mdy") => readTime(text, { timezone: "UTC", dates });
    expect(at("05/06/2026", "dmy")).toMatchObject({ at: Date.UTC(2026, 5, 5) });
    expect(at("05/06/2026", "mdy")).toMatchObject({ at: Date.UTC(2026, 4, 6) });
    expect(at("13/05/2026", "mdy")).toEqual({ error: "is a time that does not exist" });
  });

  it("without a zone is in the one that is named, with a warning", () => {
    const reading = readTime("2026-05-02 00:10:00", { timezone: "Europe/Kyiv", dates: null });
    expect(reading).toEqual({
      at: Date.UTC(2026, 4, 1, 21, 10),
      warning: { field: "timestamp", message: "without a zone: taken as Europe/Kyiv; --timezone names another" },
    });
    const called = { timezone: "UTC", called: "the project's own clock", dates: null };
    expect(readTime("2026-05-02 00:10:00", called)).toMatchObject({
      warning: { message: "without a zone: taken as the project's own clock; --timezone names another" },
    });
    expect("warning" in readTime("2026-05-02T00:10:00Z", { timezone: "Europe/Kyiv", dates: null })).toBe(false);
  });

  it.each<[string, string, string]>([
    ["Europe/Kyiv", "2026-03-29 02:59:59", "2026-03-29T00:59:59.000Z"],
    // The clocks skip 03:00 to 04:00.
    ["Europe/Kyiv", "2026-03-29 03:30:00", "2026-03-29T01:30:00.000Z"],
    ["Europe/Kyiv", "2026-03-29 04:00:00", "2026-03-29T01:00:00.000Z"],
    // The time occurs twice: the first one is meant.
    ["Europe/Kyiv", "2026-10-25 03:30:00", "2026-10-25T00:30:00.000Z"],
    ["America/Santiago", "2026-09-06 00:30:00", "2026-09-06T04:30:00.000Z"],
    ["Africa/Cairo", "2026-04-24 00:00:00", "2026-04-23T22:00:00.000Z"],
    ["Asia/Kathmandu", "2026-05-01 00:00:00", "2026-04-30T18:15:00.000Z"],
    ["Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04T14:45:00.000Z"],
    ["UTC", "2026-05-01 00:00:00", "2026-05-01T00:00:00.000Z"],
  ])("of %s at %s is %s", (timezone, wall, instant) => {
    expect(new Date(instantOf(timezone, Date.parse(`${wall}Z`))).toISOString()).toBe(instant);
  });

  it("of every half hour of a year is read back the same, except where the clocks skip it", () => {
    for (const timezone of ["Europe/Kyiv", "America/Santiago", "Asia/Kathmandu"]) {
      let skipped = 0;
      for (let wall = Date.UTC(2026, 0, 1); wall < Date.UTC(2027, 0, 1); wall += 1_800_000) {
        const { date, hour } = localTime(timezone, instantOf(timezone, wall));
        const iso = new Date(wall).toISOString();
        if (date !== iso.slice(0, 10) || hour !== Number(iso.slice(11, 13))) skipped++;
      }
      expect([timezone, skipped]).toEqual([timezone, timezone === "Asia/Kathmandu" ? 0 : 2]);
    }
  });
});

describe("an amount", () => {
  it.each<[string, string | undefined, string]>([
    ["12.50", "EUR", "12.50"],
    ["$1,250.00", "USD", "1250.00"],
    ["$ 1,250", "USD", "? may be thousands or places: say which with --decimal point or --decimal comma"],
    ["1.250,00", "EUR", "1250.00"],
    ["1 250,00", "EUR", "1250.00"],
    ["1\u00A0250,5", "EUR", "1250.5"],
    ["1\u202F250,5 €", "EUR", "1250.5"],
    ["1'250.00", "CHF", "1250.00"],
    ["12,5", "EUR", "12.5"],
    ["0,125", "EUR", "0.125"],
    ["1,250,000", "EUR", "1250000"],
    ["1.250.000", "EUR", "1250000"],
    ["12,34,567.00", "INR", "1234567.00"],
    ["1,2345", "EUR", "1.2345"],
    [".5", "EUR", "0.5"],
    ["+5", "EUR", "5"],
    ["21.000000", "USD", "21.0000"],
    ["12.345", "KWD", "12.345"],
    ["25 EUR", "EUR", "25"],
    ["EUR 25", "EUR", "25"],
    ["R$ 25,00", "BRL", "25.00"],
    ["25 zł", "PLN", "25"],
    ["1,25.00", "EUR", "? is not a decimal number"],
    ["1.2.3", "EUR", "? is not a decimal number"],
    ["ten", "EUR", "? is not a decimal number"],
    ["25 points", "EUR", "? has points, which is no sign of a currency"],
    ["€25", "USD", "? has €, but its currency is USD"],
    ["25 GBP", "USD", "? has GBP, but its currency is USD"],
    ["-21.0", "USD", expect.stringContaining("? has a minus") as never],
    ["(21.00)", "USD", expect.stringContaining("? has a minus") as never],
    ["-$21", "USD", expect.stringContaining("? has a minus") as never],
    ["$-21", "USD", expect.stringContaining("? has a minus") as never],
  ])("%s in %s", (text, currency, expected) => {
    const reading = readAmount(text, currency, null);
    expect("amount" in reading ? reading.amount : `? ${reading.error}`).toEqual(expected);
  });

  it("says its currency where it can be only one", () => {
    expect(readAmount("€12.50", undefined, null)).toEqual({ amount: "12.50", currency: "EUR" });
    expect(readAmount("12.50 usd", undefined, null)).toEqual({ amount: "12.50", currency: "USD" });
    // The currencies that are called dollar.
    expect(readAmount("$12.50", undefined, null)).toEqual({ amount: "12.50" });
  });

  it("that may be thousands gives a warning, or is read as the option says", () => {
    expect(readAmount("1.250", "EUR", null)).toMatchObject({ amount: "1.250", warning: { field: "amount" } });
    expect(readAmount("1.250", "EUR", "comma")).toEqual({ amount: "1250" });
    expect(readAmount("1,250", "EUR", "point")).toEqual({ amount: "1250" });
    expect(readAmount("1,250", "EUR", "comma")).toEqual({ amount: "1.250" });
    expect(readAmount("1,25", "EUR", "point")).toEqual({ error: "is not a decimal number" });
  });
});

describe("conditions", () => {
  const line = new Map<string, unknown>([
    ["Status", "sale"],
    ["meta", '{"paid":true}'],
  ]);
  it.each<[string[], string | null]>([
    [[], null],
    [["Status=sale"], null],
    [["Status=lead"], "Status"],
    [["Status=lead", "Status=sale"], null],
    [["Status!=sale"], "Status"],
    [["Status!=rejected", "Status!=trash"], null],
    [["Status=sale", "Type=x"], "Type"],
    [["Type="], null],
    [["meta.paid=true"], null],
  ])("%j", (where, column) => expect(failing(whereOf(where), line)).toBe(column));
  it("are checked", () => expect(() => whereOf(["Status"])).toThrow("write COLUMN=value"));
});

it("a path leads into objects, lists and JSON in a cell, and a column of exactly that name comes first", () => {
  const record = new Map<string, unknown>([
    ["a.b", "column"],
    ["a", { b: "inside" }],
    ["user", { id: 7, tags: ["x", "y"] }],
    ["Event Value", '{"af_order_id":"G-1","items":[{"sku":"s"}]}'],
    ["broken", "{no"],
  ]);
  const at = (path: string) => valueAt(record, path);
  expect(["a.b", "user.id", "user.tags.1", "Event Value.af_order_id", "Event Value.items.0.sku"].map(at)).toEqual([
    "column",
    7,
    "y",
    "G-1",
    "s",
  ]);
  expect(["user.none.deeper", "broken.x", "nobody.x"].map(at)).toEqual([undefined, undefined, undefined]);
});

describe("a file", () => {
  const ROWS = "timestamp\tplayer_id\tamount\tcurrency\n2026-05-01T10:00:00Z\tp-ä1\t4.99\tEUR\n";
  const event = {
    event_type: "purchase",
    timestamp: Date.UTC(2026, 4, 1, 10),
    player_id: "p-ä1",
    amount: "4.99",
    currency: "EUR",
  };
  const utf16 = (text: string, swapped = false) => {
    const bytes = Buffer.from(text, "utf16le");
    return swapped ? bytes.swap16() : bytes;
  };
  it.each<[string, Uint8Array, string | undefined]>([
    ["UTF-16 with its mark", utf16(`\uFEFF${ROWS}`), undefined],
    ["UTF-16, big end first", utf16(`\uFEFF${ROWS}`, true), undefined],
    ["UTF-16 without a mark", utf16(ROWS), undefined],
    ["Windows' Western encoding, named", Buffer.from(ROWS, "latin1"), "windows-1252"],
  ])("in %s is read", async (_, bytes, encoding) => {
    expect(await read(bytes, { type: "purchase", ...(encoding && { encoding }) })).toEqual(["header", event]);
  });

  it.each(["sep=;\r\n", '"sep=;"\n'])("that begins with %j has that delimiter", async (line) => {
    const rows = `${line}player_id;event_type;timestamp\nJohn, Jr;visit;2026-05-01T10:00:00Z\n`;
    expect(await read(rows)).toEqual([
      "header",
      "header",
      { player_id: "John, Jr", event_type: "visit", timestamp: Date.UTC(2026, 4, 1, 10) },
    ]);
  });

  it("may end each line with a delimiter, and begin with a remark", async () => {
    const rows = "player_id,event_type,timestamp\np,visit,2026-05-01T10:00:00Z,\np,visit,2026-05-01T10:00:00Z,x\n";
    expect(await read(rows)).toMatchObject(["header", { player_id: "p" }, "has 4 fields, the header 3"]);
    expect(await guessFormat(file('# made by hand\n{"event_type":"visit"}\n'))).toBe("ndjson");
    expect(formatOf('[01/May/2026:10:00:00 +0200] 203.0.113.9 "GET / HTTP/1.1" 200')).toBe("combined");
  });

  it("may have blanks around its values, and before its quotes, and keeps the ids that it had", async () => {
    const rows = ' player_id , event_type , timestamp , note\n p , visit , 2026-05-01T10:00:00Z , "a, b"\n';
    expect(await read(rows)).toEqual([
      "header",
      { player_id: "p", event_type: "visit", timestamp: Date.UTC(2026, 4, 1, 10), note: "a, b" },
    ]);
    const [, entry] = await Array.fromAsync(FORMATS.csv(linesOf(file("player_id,event_type\n p ,visit\n"))));
    expect(entry?.found).toMatchObject({ content: '{"event_type":"visit","player_id":" p "}' });
  });

  it("may mark a value as missing", async () => {
    const rows =
      "player_id,visitor_id,event_type,timestamp,amount,currency\n\\N,v,install,2026-05-01T10:00:00Z,N/A,USD\np,\\N,install,2026-05-01T10:00:00Z,-,USD\n";
    const install = { event_type: "install", timestamp: Date.UTC(2026, 4, 1, 10) };
    expect(await read(rows)).toEqual(["header", { ...install, visitor_id: "v" }, { ...install, player_id: "p" }]);
  });

  it("may have bars between its columns", async () => {
    const rows = "player_id|event_type|timestamp\np|visit|2026-05-01T10:00:00Z\n";
    expect(await read(rows)).toMatchObject(["header", { player_id: "p" }]);
  });

  it.each<[string, RegExp]>([
    ["PK\x03\x04\x14\x00", /ZIP archive or an Excel workbook: unpack it/],
    ["PAR1\x15\x04", /Parquet: write it as CSV/],
    ["7z\xBC\xAF", /7-Zip: unpack/],
    ["Rar!\x1a\x07", /RAR: unpack/],
    ["access.log\0\0\0\0ustar\0", /tar archive: unpack/],
    ["\0\x01\x02", /binary file/],
    ["player_id,event_type\rp,visit", /line ends of old Macs.*tr/],
    ["{\\rtf1", /RTF/],
    ['{"events":[{"event_type":"visit"}]}', /list inside.*jq/],
    ["203.0.113.9|2026-05-01T10:00:00Z|GET|/visit?btag=x|200", /a log of requests in a form that is not known/],
    ["time:01/May/2026:10:00:00 +0200\thost:203.0.113.9\treq:GET / HTTP/1.1", /a log of requests/],
    ["203.0.113.9, -, 5/1/2026, 10:00:00, W3SVC1, WEB1, 10.0.0.1, 16, 4, 4, 200, 0, GET, /visit, btag=x,", /a log of/],
    ['{"action":"ALLOW","httpRequest":{"uri":"/visit","httpMethod":"GET"}}', /a log of requests in JSON.*jq/],
    ["<!DOCTYPE html>", /a web page: download the file again/],
    ['<?xml version="1.0"?>', /XML: ask for/],
    ["INSERT INTO `conversions` VALUES (1)", /an SQL dump/],
    ['[{"a":1}]', /JSON array.*jq/],
    ["{", /JSON over several lines.*jq/],
    ["CEF:0|Imperva|WAF|1|1|Normal|0| src=203.0.113.9", /CEF or LEEF/],
    ['2026-05-01T10:00:00Z app[router]: at=info method=GET path="/visit" status=200', /logfmt/],
    ["1777622400.123    310 203.0.113.9 TCP_MISS/200 43 GET http://t.example/visit - DIRECT/- -", /Squid/],
  ])("that begins with %j is named, with a way to import it", (line, message) =>
    expect(() => formatOf(line)).toThrow(message),
  );

  it("whose header fits no field and no mapping stops, with what it looks like", async () => {
    const check = async (text: string, map: string[] = [], where: string[] = []) => {
      const own = [...map.map((one) => one.split("=")[1] as string), ...whereOf(where).keys()];
      checkColumns(await headerOf(linesOf(file(text))), mappingOf({ map, set: [], where }), own);
    };
    await expect(check("203.0.113.9 GET /visit 200\n")).rejects.toThrow(/No column has the name of a field/);
    await expect(check("Sub ID;TID;Revenue\n")).rejects.toThrow("try --preset keitaro");
    await expect(check("who,when\n", ["player_id=who", "timestamp=wen"])).rejects.toThrow(
      'There is no column "wen". The header has "who", "when".',
    );
    await expect(check("player_id,Status\n", [], ["State=sale"])).rejects.toThrow('There is no column "State"');
    await expect(check("player_id,meta\n", ["timestamp=meta.at"])).resolves.toBeUndefined();
    await expect(check("sep=;\nplayer_id;when\n", ["timestamp=when"])).resolves.toBeUndefined();
  });
});

/** The event made from the first line of an NDJSON text. */
function firstOf(text: string) {
  const found = readJson(Buffer.from(text));
  if (found.kind !== "event") throw new Error("is no event");
  const ways = { clock: { timezone: "UTC", dates: null }, decimal: null, project: "p" } as const;
  const judged = judgeLine(found, NO_MAPPING, new Identity(), ways, Date.UTC(2026, 10, 29));
  if (!("json" in judged)) throw new Error(JSON.stringify(judged));
  return { found, judged };
}

it("numbers of JSON keep their digits, and the line its id", () => {
  const { found, judged } = firstOf(
    '{"event_type":"visit","player_id":76561198122624102,"timestamp":1777622400000000000,"steam":76561198122624102}',
  );
  expect(judged.json).toContain('"player_id":76561198122624102,"timestamp":1777622400000,"steam":76561198122624102');
  // The same id as before numbers kept their digits, so that importing the same file again counts nothing twice.
  expect(found.content).toBe(
    '{"event_type":"visit","player_id":76561198122624100,"steam":76561198122624100,"timestamp":1777622400000000000}',
  );
  expect(failing(whereOf(["steam=76561198122624102"]), new Map(found.pairs))).toBe(null);
});

it("the faults of an accepted event are reported", () => {
  const deposit = { event_type: "deposit", player_id: "p", amount: "5", currency: "EUR", timestamp: 1_777_622_400_000 };
  expect(firstOf(JSON.stringify({ ...deposit, transaction_id: "null" })).judged.warnings).toEqual([
    { field: "transaction_id", message: "does not distinguish payments, and was kept as further data" },
  ]);
});

describe("values that only describe an event", () => {
  it("are left out where they are no values, and the event counts", async () => {
    const rows = "event_type,player_id,timestamp,country,source_ip\nvisit,p,2026-05-01T10:00:00Z,Germany,unknown\n";
    const told = { event_type: "visit", player_id: "p", timestamp: Date.UTC(2026, 4, 1, 10) };
    expect(await read(rows)).toEqual(["header", told]);
    expect(await read(rows.replace("Germany,unknown", "de,203.0.113.9:80"))).toEqual([
      "header",
      { ...told, country: "DE", source_ip: "203.0.113.9" },
    ]);
  });

  it("are left out where they are too large to keep", async () => {
    const line = { event_type: "visit", player_id: "p", timestamp: "2026-05-01T10:00:00Z", note: "x".repeat(9_000) };
    expect(await read(JSON.stringify(line))).toEqual([
      { event_type: "visit", player_id: "p", timestamp: Date.UTC(2026, 4, 1, 10) },
    ]);
  });

  it("of a currency without an amount, too", async () => {
    const rows = "event_type,player_id,timestamp,amount,currency\ninstall,p,2026-05-01T10:00:00Z,,USD\n";
    expect(await read(rows)).toMatchObject(["header", { event_type: "install" }]);
  });

  it("of a type in another spelling is refused with the option to give", async () => {
    const rows = "event_type,player_id,timestamp\nOrder Completed,p,2026-05-01T10:00:00Z\n";
    const [, refusal] = await read(rows);
    expect(refusal).toContain('--type-of "Order Completed=order_completed"');
    expect(await read(rows, { typeOf: ["Order Completed=purchase"] })).toMatchObject([
      "header",
      { event_type: "purchase" },
    ]);
    expect(() => mappingOf({ map: [], set: [], typeOf: ["sale=Deposit"] })).toThrow("--type-of sale=Deposit");
  });
});

/** The headers of reports, from their makers' documentation and from public programs that read them. */
const HEADERS: readonly [preset: string, header: string][] = [
  [
    "appsflyer",
    "Attributed Touch Type,Attributed Touch Time,Install Time,Event Time,Event Name,Event Value,Event Revenue,Event Revenue Currency,Event Revenue USD,Event Source,Is Receipt Validated,Partner,Media Source,Channel,Keywords,Campaign,Campaign ID,Region,Country Code,State,City,Postal Code,DMA,IP,WIFI,Operator,Carrier,Language,AppsFlyer ID,Advertising ID,IDFA,Android ID,Customer User ID,IMEI,IDFV,Platform,Device Type,OS Version,App Version,SDK Version,App ID,App Name,Bundle ID,User Agent",
  ],
  [
    "appsflyer-locker",
    "event_type,attribution_type,attributed_touch_type,install_time,event_time,event_name,event_value,event_revenue,event_revenue_currency,event_revenue_usd,media_source,campaign,country_code,ip,appsflyer_id,customer_user_id,platform,app_version,app_id,user_agent",
  ],
  [
    "everflow",
    "conversion_id,conversion_unix_timestamp,sub1,sub2,source_id,status,payout_type,revenue_type,payout,revenue,session_user_ip,conversion_user_ip,country,region,platform,http_user_agent,adv1,is_event,event,transaction_id,click_unix_timestamp,sale_amount,order_id,currency_id,app_id",
  ],
  [
    "voluum-api",
    "postbackTimestamp,visitTimestamp,transactionId,clickId,trafficSourceId,campaignId,campaignName,conversionType,revenue,externalId,countryCode,ip,userAgent",
  ],
  [
    "singular",
    "etl_record_processing_hour_utc,adjusted_timestamp,adjusted_timestamp_unix_utc,app_longname,app_version,arguments,campaign_name,converted_currency,converted_revenue,country,custom_user_id,device_id,device_id_type,ip,name,platform",
  ],
  [
    "branch",
    "id,name,timestamp,timestamp_iso,origin,last_attributed_touch_data_tilde_campaign,event_data_revenue,event_data_currency,event_data_transaction_id,user_data_developer_identity,user_data_aaid,user_data_idfv,user_data_platform,user_data_app_version,user_data_geo_country_code,user_data_ip,user_data_user_agent",
  ],
  [
    "adjust",
    "{adid},{activity_kind},{event_name},{created_at},{revenue_float},{currency},{campaign_name},{app_id},{app_version},{os_name},{country},{ip_address},{user_agent}",
  ],
];
/** Presets whose makers document no complete header: a test reads a few lines of each. */
const WITHOUT_HEADER = ["keitaro", "voluum"];

describe("a preset", () => {
  it.each(PRESET_NAMES)("%s has the header of its reports here", (name) =>
    expect([...WITHOUT_HEADER, ...HEADERS.map(([preset]) => preset)]).toContain(name),
  );

  it("is of known fields and columns, and is recognised by its columns", () => {
    for (const name of PRESET_NAMES) {
      const preset = PRESETS[name] as (typeof PRESETS)[string];
      for (const [field] of [...preset.columns, ...(preset.constants ?? [])])
        expect([name, field, Object.hasOwn(importedEvent.shape, field)]).toEqual([name, field, true]);
      for (const [, type] of preset.types ?? [])
        expect([type, importedEvent.shape.event_type.safeParse(type).success]).toEqual([type, true]);
      expect(presetFor(new Set(preset.known))).toBe(name);
    }
  });

  it("of Keitaro takes sales, in the zone that is named", async () => {
    const rows = [
      "Sub ID;TID;Status;Original status;Click datetime;Postback datetime;Revenue;Sub ID 1",
      "s1;52949935;sale;confirmed;2026-05-01 23:30:00;2026-05-02 00:10:00;21.0;banner-a",
      "s2;52949936;lead;hold;2026-05-01 23:40:00;2026-05-02 00:12:00;21.0;banner-a",
      "s3;52949937;rejected;trash;2026-05-01 23:50:00;2026-05-02 00:20:00;-21.0;banner-b",
    ].join("\n");
    const given = { preset: "keitaro", set: ["currency=USD"], timezone: "Europe/Kyiv" };
    const [header, sale, ...others] = await read(rows, given);
    expect(header).toBe("header");
    expect(sale).toMatchObject({
      event_type: "deposit",
      player_id: "s1",
      transaction_id: "52949935",
      amount: "21.0",
      currency: "USD",
      banner_tag: "banner-a",
      timestamp: Date.UTC(2026, 4, 1, 21, 10),
    });
    expect(others).toEqual(["Status is another (--where)", "Status is another (--where)"]);
    const leads = await read(rows, { ...given, where: ["Status=lead"], map: ["timestamp=Click datetime"] });
    expect(leads[2]).toMatchObject({ player_id: "s2", timestamp: Date.UTC(2026, 4, 1, 20, 40) });
    // A report without this column has only the events that were requested.
    const without = rows.replaceAll(/^([^;]*;[^;]*);[^;]*;[^;]*;/gm, "$1;");
    expect((await read(without, given)).filter((line) => typeof line === "object").length).toBe(2);
  });

  it("of Voluum reads its times and amounts, and leaves the totals out", async () => {
    const rows = [
      '"Click ID","Postback timestamp","Visit timestamp","Transaction ID","Revenue","Currency","Campaign"',
      '"w1","2026-05-01 11:59:30 PM","2026-05-01 09:12:01 AM","T-1","$1,250.00","USD","Brand - Summer"',
      '"w2","2026-05-02 12:00:30 AM","2026-05-01 09:13:02 AM","T-2","$25.00","USD","Brand - Summer"',
      '"Total","","","","$1,275.00","",""',
    ].join("\n");
    expect(await read(rows, { preset: "voluum" })).toMatchObject([
      "header",
      { player_id: "w1", amount: "1250.00", currency: "USD", timestamp: Date.UTC(2026, 4, 1, 23, 59, 30) },
      { player_id: "w2", amount: "25.00", timestamp: Date.UTC(2026, 4, 2, 0, 0, 30) },
      "Click ID is another (--where)",
    ]);
  });

  it("of AppsFlyer knows its events, and the order inside a cell", async () => {
    const rows = [
      "\uFEFFInstall Time,Event Time,Event Name,Event Value,Event Revenue,Event Revenue Currency,AppsFlyer ID,Customer User ID,Campaign,App ID",
      '2026-05-01 20:05:40,2026-05-02 01:15:09,af_purchase,"{""af_revenue"":""4.99"",""af_order_id"":""GPA.1""}",4.99,EUR,af-1,player-7,summer,com.example.game',
      "2026-05-01 20:05:40,2026-05-01 20:05:40,install,,,USD,af-1,,summer,com.example.game",
    ].join("\n");
    expect(await read(rows, { preset: "appsflyer" })).toMatchObject([
      "header",
      {
        event_type: "purchase",
        player_id: "player-7",
        visitor_id: "af-1",
        amount: "4.99",
        currency: "EUR",
        transaction_id: "GPA.1",
        banner_tag: "summer",
        app_id: "com.example.game",
        timestamp: Date.UTC(2026, 4, 2, 1, 15, 9),
      },
      { event_type: "install", visitor_id: "af-1", timestamp: Date.UTC(2026, 4, 1, 20, 5, 40) },
    ]);
  });

  it.each(HEADERS)(
    "of %s finds all its columns in the header that its maker documents, and is recognised by it",
    (name, header) => {
      const columns = header.split(",");
      const wanted = PRESETS[name]?.columns.flatMap(([, ...from]) => from.map((path) => path.split(".")[0] as string));
      expect(wanted?.filter((column) => !columns.includes(column))).toEqual([]);
      expect(presetFor(new Set(columns))).toBe(name);
    },
  );

  it("of AppsFlyer's Data Locker reads the right columns, although others are also called event_type", async () => {
    const rows =
      "event_type,event_time,event_name,event_value,event_revenue,event_revenue_currency,appsflyer_id,customer_user_id,campaign\n" +
      'in-app-event,2026-05-02 01:15:09,af_purchase,"{""af_order_id"":""GPA.1""}",4.99,EUR,af-1,player-7,summer\n';
    expect(await read(rows, { preset: "appsflyer-locker" })).toMatchObject([
      "header",
      { event_type: "purchase", player_id: "player-7", transaction_id: "GPA.1", amount: "4.99", banner_tag: "summer" },
    ]);
  });

  it("of Adjust and Branch reads seconds, milliseconds and their words", async () => {
    const adjust =
      "{adid},{activity_kind},{event_name},{created_at},{revenue_float},{currency}\na1,event,purchase,1777622400,4.99,EUR\na1,install,,1777622400,,\n";
    expect(await read(adjust, { preset: "adjust" })).toMatchObject([
      "header",
      { event_type: "purchase", visitor_id: "a1", amount: "4.99", timestamp: 1_777_622_400_000 },
      { event_type: "install", visitor_id: "a1" },
    ]);
    const branch =
      "id,name,timestamp,user_data_developer_identity,event_data_revenue,event_data_currency\n77,PURCHASE,1777622400000,p1,4.99,EUR\n";
    expect(await read(branch, { preset: "branch" })).toMatchObject([
      "header",
      { event_type: "purchase", player_id: "p1", amount: "4.99", timestamp: 1_777_622_400_000 },
    ]);
  });
});
