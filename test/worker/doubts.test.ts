/** Doubtful values that networks, browsers and back ends really send: accepted if possible, with a warning. */
import { describe, expect, it } from "vitest";
import { type Door, fields } from "../../worker/event.ts";
import { readEvent } from "../../worker/event-reading.ts";
import { parseExact } from "../../worker/exact-json.ts";
import { isMacro, namesNothing } from "../../worker/placeholder.ts";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const DAY = 86_400_000;

/** The event as the log stores it. */
const ABSENT = Object.fromEntries(Object.keys(fields).map((field) => [field, null]));
type Told = { event?: Record<string, unknown>; told: string[] };
function read(sent: Record<string, unknown>, door: Door = "pixel"): Told {
  const given = { event_type: "deposit", player_id: "p1", banner_tag: "t", ...sent };
  const reading = readEvent(Object.entries(given), door, NOW);
  const said = (faults: { code: string; field: string }[]) => faults.map(({ code, field }) => `${code} ${field}`);
  return reading.ok
    ? { event: { ...ABSENT, ...reading.event }, told: said(reading.warnings) }
    : { told: said(reading.errors) };
}

describe("a macro that was not expanded", () => {
  const SPELLINGS = [
    ..."{payout} {{payout}} #{payout} %{payout} {$payout} {%payout%} {#payout#} [payout] [[payout]] [%payout%]".split(
      " ",
    ),
    ..."<payout> <<payout>> <%=payout%> %payout% %%PAYOUT%% #price# ##click## $payout$ @tid@ @@tid@@ __CLICKID__ !!tid!!".split(
      " ",
    ),
    ..."~~tid~~ ^^tid^^ ||tid|| *|TID|* ((tid)) $payout $order_ref %7Bpayout%7D %257Bpayout%257D %2523tid%2523".split(
      " ",
    ),
    ..."&lt;payout&gt; CLICK_ID ORDER_ID CLICKID OPTIONAL YOUR_TRANSACTION_ID transaction_id :transaction_id".split(
      " ",
    ),
    `$${"{payout}"}`,
    "{ payout }",
    "{{ payout | default: 0 }}",
    "<order id>",
    "{_date:Y-m-d H:i:s,Europe/Kyiv}",
    "{status:lead=0 sale=1 rejected=2}",
    "{transaction_id}|foo=bar|item=value",
    "ORD-{order_id}",
    "a-%%CACHEBUSTER%%",
    " {subacc4} ",
    // Marks of other kinds, or with one of them lost; formats of programs; escaped as HTML or JSON; what manuals say.
    ..."(click_id) «click_id» ‹clickid› ＜click＞ ｛click｝ -click_id- ~clickid~ =clickid= |clickid| \\{click_id\\} :click_id: _CLICK_ID_".split(
      " ",
    ),
    ..."{click_id click_id} [click_id {clickid #clickid #tid {click_id}} [[[click_id]]] %7bclick_id".split(" "),
    ..."%s %d %1$s %(click_id)s {0} {} %c %ecid! &#123;click_id&#125; &lbrace;tid&rbrace; \\u007btid\\u007d".split(" "),
    ..."clickid ClickId transactionId your_click_id yourClickId YOURCLICKID insert-order-id-here".split(" "),
    ..."[click_id]-[sub_id] x[click_id] %click_id%_%sub_id% #click_id#-1 <click_id>abc".split(" "),
  ];
  it.each(SPELLINGS)("is recognised as %s", (spelling) => {
    expect(isMacro(spelling)).toBe(true);
    expect(read({ transaction_id: spelling, amount: "10.00", currency: "EUR" })).toMatchObject({
      event: { amount: 100_000, data: JSON.stringify({ transaction_id: spelling }) },
      told: ["placeholder transaction_id"],
    });
    expect(read({ player_id: spelling }).told).toEqual(["placeholder player_id"]);
    expect(read({ player_id: spelling, visitor_id: "v" }).told).toEqual(["placeholder player_id"]);
  });

  it.each([
    ..."T-1001 GPA.3345-1234 {3f2504e0-4f89-11d3-9a0c-0305e82c3301} {12345} [17] #1001 #1001# 100% p_1 user_1 order-77".split(
      " ",
    ),
    ..."a_1523b_108c_ 221080_66fbd980c308a07a1b2c3d4e <3 [BOT]Fox $5 a@b.example {} <> IwAR3x-_%"
      .split(" ")
      .filter((value) => !"{} <>".includes(value)),
    ..."@fox _fox_ [GAME]Fox fox! (fox) :fox: David candid 50% %20off #42 [sub]zero yourfriend putin".split(" "),
    ..."645164_l68383__20260501100000000000 E_C_P_aaaa ORDER-77 REPLACED summer_source VISIT QUID".split(" "),
    "a_182820b_4095c_&affid=100976968&siteid=182820&adid=4095&c=",
    "<script>alert(1)</script>",
    '{"a":1}',
    "3 < 5 > 4",
  ])("is not suspected in %s", (value) => {
    expect(isMacro(value)).toBe(false);
    expect(read({ transaction_id: value, click_id: value }).told).toEqual([]);
  });

  it("is no tag and no click, and the event is accepted without it", () => {
    expect(read({ banner_tag: "%%CAMPAIGN%%", click_id: "%%CLICKID%%" })).toMatchObject({
      event: { banner_tag: null, data: '{"click_id":"%%CLICKID%%","banner_tag":"%%CAMPAIGN%%"}' },
      told: ["unexpanded_macro click_id", "unexpanded_macro banner_tag"],
    });
    expect(read({ app_id: "{game}", session_id: "<sid>", platform: "[os]", app_version: "{v}" })).toMatchObject({
      event: { app_id: null, session_id: null, platform: null, app_version: null },
    });
  });

  it.each(["#price#", "<payout>", "REVENUE", "__PAYOUT__", "$payout", "%7Bpayout%7D", "{ payout }", "revenue"])(
    "%s is no amount, and the error calls it a macro",
    (amount) => {
      expect(read({ amount, currency: "EUR" }).told).toEqual(["unexpanded_macro amount"]);
    },
  );

  it("is no currency and no time", () => {
    expect(read({ amount: "1", currency: "CURRENCY" }).told).toEqual(["unexpanded_macro currency"]);
    expect(read({ timestamp: "{_date:Y-m-d H:i:s,Europe/Kyiv}" }).told).toEqual(["unexpanded_macro timestamp"]);
  });
});

describe("a value that is no id", () => {
  const NOBODY = [
    ..."undefined null 0 none NaN None NULL nil n/a N/A - -- 000 false guest Guest anonymous -1 (null) (none)".split(
      " ",
    ),
    "[object Object]",
    "not set",
    // Joined by a template, errors of spreadsheets, marks alone, other languages, and ids that many devices share.
    ..."undefined_undefined null,null nullnull user_undefined brand:undefined player-null user_[object\u00A0Object]".split(
      " ",
    ),
    ..."#REF! #VALUE! #DIV/0! <> *** […] ０ 0x0 (nil) NA N.A. AnonymousUser anonymous_user not-logged-in string".split(
      " ",
    ),
    ..."гость Гость Gast ゲスト 9774d56d682e549c 02:00:00:00:00:00 FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF".split(" "),
    "00000000-0000-0000-0000-000000000000",
    // Excel has shortened it.
    "7.65612E+16",
    "7,65612e+16",
    " null ",
    '"null"',
  ].filter((value) => value !== "(none)");

  it.each(NOBODY)("%s is no player, no visitor and no transaction", (value) => {
    expect(namesNothing(value)).toBe(true);
    expect(read({ player_id: value }).told).toEqual(["placeholder player_id"]);
    expect(read({ player_id: "", visitor_id: value }).told).toEqual(["placeholder visitor_id"]);
    // Otherwise the past of this visitor id, which many people share, would become the player's.
    expect(read({ visitor_id: value })).toMatchObject({
      event: { player_id: "p1", visitor_id: null },
      told: ["placeholder visitor_id"],
    });
    expect(read({ transaction_id: value, click_id: value })).toMatchObject({
      event: { transaction_id: null, click_id: null },
      told: ["placeholder transaction_id", "placeholder click_id"],
    });
  });

  it.each([
    ..."Nullarbor anonymous-7 guest_42 0a 10 none-1 🎰 007 chris_null Null-7 undefined-7 test demo na7 Nina 0x1f".split(
      " ",
    ),
    "Nan Goldin",
  ])("%s is a valid id", (value) => {
    expect(read({ player_id: value, visitor_id: value }).told).toEqual([]);
  });

  it.each([..."test TEST testing demo xxx XXXXXX todo TBD tid txid order orderid TRANSACTION payout".split(" ")])(
    "%s is an example of testers and manuals, and no payment",
    (value) => {
      expect(read({ transaction_id: value, amount: "5.00", currency: "EUR" })).toMatchObject({
        event: { transaction_id: null, amount: 50_000, data: JSON.stringify({ transaction_id: value }) },
        told: ["placeholder transaction_id"],
      });
    },
  );
  it.each(["chris_null", "TEST-1", "order-7", "007", "x1", "Null-7"])("%s is a payment", (value) => {
    expect(read({ transaction_id: value }).told).toEqual([]);
  });

  it("is no id of the event, and may be a tag or a version", () => {
    expect(read({ event_id: "undefined" })).toMatchObject({
      event: { event_id: null },
      told: ["placeholder event_id"],
    });
    expect(read({ event_id: "0", banner_tag: "none", app_version: "0", app_id: "guest" }).told).toEqual([]);
    expect(read({ banner_tag: "undefined" })).toMatchObject({
      event: { banner_tag: null },
      told: ["placeholder banner_tag"],
    });
  });

  it("never makes data too large", () => {
    const filled = "x".repeat(8_170);
    expect(read({ s: filled, transaction_id: "undefined" })).toMatchObject({
      event: { data: JSON.stringify({ s: filled }) },
      told: ["placeholder transaction_id"],
    });
  });
});

describe("a time", () => {
  const at = (text: string) => Date.parse(text);
  it.each<[string, number | null]>([
    ["2026-11-28T10:00:00 02:00", at("2026-11-28T08:00:00Z")],
    ["2026-11-28 10:00:00 02:00", at("2026-11-28T08:00:00Z")],
    ["2026-11-28 10:00:00  02:00", at("2026-11-28T08:00:00Z")],
    ["2026-11-28T10:00:00.250 0530", at("2026-11-28T04:30:00.250Z")],
    ["2026-11-28T10:00 02", at("2026-11-28T08:00:00Z")],
    ["2026-11-28 10:00:00 +0200", at("2026-11-28T08:00:00Z")],
    ["2026-11-28 10:00:00 -02:00", at("2026-11-28T12:00:00Z")],
    ["2026-11-28 10:00:00 Z", at("2026-11-28T10:00:00Z")],
    ["2026-11-28 10:00", at("2026-11-28T10:00:00Z")],
    ["2026-11-28", at("2026-11-28T00:00:00Z")],
    ["2026-11-27T24:00:00Z", at("2026-11-28T00:00:00Z")],
    ["2026-11-28T10:00:00+2:00", null],
    ["2026-11-28T10:00:00 UTC", null],
    ["2026-11-28T10:00:00+25:00", null],
  ])("%s is read as it was meant", (timestamp, expected) => {
    expect(read({ timestamp })).toMatchObject(
      expected === null ? { told: ["invalid timestamp"] } : { event: { timestamp: expected }, told: [] },
    );
  });

  it.each([
    ..."2026-02-30T12:00:00Z 2026-04-31T12:00:00Z 2026-02-29 2026-06-31 2026-00-10 2026-13-01 2026-01-00 2100-02-29".split(
      " ",
    ),
    ..."2026-06-30T23:59:60Z 2026-06-30T24:01:00Z 2026-06-30T25:00:00Z 2026-06-30T12:60:00Z 0000-00-00".split(" "),
  ])("%s, which is no time, is refused by every route", (timestamp) => {
    for (const door of ["pixel", "api", "import"] as const) {
      expect(read({ timestamp }, door).told).toEqual(["invalid timestamp"]);
    }
  });

  it("of a wrong clock counts by its age, if the sender adds the clock's time of sending", () => {
    for (const off of [14 * DAY, -400 * DAY, 600_000, -600_000]) {
      const clock = NOW + off;
      expect(read({ timestamp: clock - 90_000, sent_at: clock }).event).toMatchObject({ timestamp: NOW - 90_000 });
      expect(read({ timestamp: new Date(clock).toISOString(), sent_at: String(clock) }).event).toMatchObject({
        timestamp: NOW,
      });
    }
    expect(read({ timestamp: NOW - 8 * DAY, sent_at: NOW }).told).toEqual(["timestamp_out_of_range timestamp"]);
  });

  it("of a correct clock stays unchanged, however long the request took", () => {
    expect(read({ timestamp: NOW - 2_000, sent_at: NOW - 1_500 }).event).toMatchObject({ timestamp: NOW - 2_000 });
    expect(read({ sent_at: "soon" })).toMatchObject({ event: {}, told: ["invalid sent_at"] });
  });
});

describe("invisible characters around a tag", () => {
  it.each([
    "A_1523B",
    " A_1523B",
    "A_1523B ",
    "A_1523B\u200b",
    "\ufeffA_1523B\u00a0",
    "A_1523B\u2060\u200e \t\r\n",
    "\u3164A_1523B",
  ])("are removed from %j, and its case is kept", (btag) => {
    expect(read({ banner_tag: btag })).toMatchObject({ event: { banner_tag: "A_1523B" }, told: [] });
  });
  it("are kept inside emojis such as flags and hearts", () => {
    for (const btag of ["🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}", "❤\ufe0f", "a\u200bb"])
      expect(read({ banner_tag: btag }).event).toMatchObject({ banner_tag: btag });
    expect(read({ banner_tag: " \u200b " }).told).toEqual(["missing banner_tag"]);
  });
});

describe("long ids and many keys", () => {
  it("are refused as too long, and not examined further", () => {
    const blanks = `${" ".repeat(200_000)}x`;
    for (const field of ["player_id", "transaction_id"])
      expect(read({ [field]: blanks })).toEqual({ told: [`too_long ${field}`] });
    expect(read({ player_id: "", visitor_id: blanks })).toEqual({ told: ["too_long visitor_id"] });
  });

  it.each(["banner_tag", "app_id", "session_id", "click_id", "platform", "app_version", "visitor_id"])(
    "of a %s, which only describes, never cost the event",
    (field) => {
      for (const [value, code, kept] of [
        ["x".repeat(900), "too_long", "x".repeat(600)],
        ["🎰".repeat(10_000), "too_long", "🎰".repeat(300)],
        ["a\u0007", "invalid", "a\u0007"],
        // `K%E4se`: another encoding than UTF-8.
        ["K\uFFFDse", "invalid", "K%EF%BF%BDse"],
      ])
        for (const door of ["pixel", "api", "import", "postback"] as const)
          expect(read({ [field]: value, amount: "5.00", currency: "EUR", timestamp: NOW }, door)).toMatchObject({
            event: { [field]: null, amount: 50_000, data: JSON.stringify({ [field]: kept }) },
            told: [`${code} ${field}`],
          });
    },
  );

  it("that data cannot hold are left out, and the others are kept", () => {
    const money = { amount: "5.00", currency: "EUR" };
    expect(read({ ...money, s: "K\uFFFDse", s1: "x".repeat(9_000), s2: "kept" })).toMatchObject({
      event: { amount: 50_000, data: '{"s2":"kept"}' },
      told: ["invalid data", "too_large data"],
    });
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`sub_${n}`, "ä".repeat(200)]));
    const { event, told } = read({ ...money, ...many });
    expect(told).toEqual(["too_large data"]);
    expect(Object.keys(JSON.parse(event?.data as string)).length).toBe(19);
    expect(new TextEncoder().encode(event?.data as string).length).toBeLessThanOrEqual(8_192);
    // A program reads the answer of the events API.
    expect(read({ s: "x".repeat(9_000) }, "api").told).toEqual(["too_large data"]);
  });

  it("with names of Object.prototype keep these names", () => {
    const known = Object.fromEntries(["constructor", "toString", "hasOwnProperty"].map((name) => [name, "1"]));
    for (const door of ["pixel", "api"] as const)
      expect(read(known, door)).toMatchObject({ event: { data: JSON.stringify(known) }, told: [] });
  });

  it("do not matter, nor do blanks around an amount, its trailing zeros and a raw plus", () => {
    for (const [amount, units] of [
      [" 5.00", 50_000],
      ["5.00\n", 50_000],
      ["25.000000", 250_000],
    ])
      expect(read({ amount, currency: " eur " })).toMatchObject({
        event: { amount: units, currency: "EUR" },
        told: [],
      });
    expect(read({ amount: "25.000001", currency: "EUR" }).told).toEqual(["invalid amount"]);
    expect(read({ timestamp: ` ${NOW} ` })).toMatchObject({ event: { timestamp: NOW }, told: [] });
  });

  it("of TikTok and Google Play are kept whole", () => {
    const click_id = `E_C_P_${"a".repeat(324)}`;
    const transaction_id = `${"a".repeat(24)}.AO-J1O${"b".repeat(120)}`;
    expect(read({ click_id, transaction_id })).toMatchObject({ event: { click_id, transaction_id }, told: [] });
  });

  it("beyond forty are left out, never the event", () => {
    const subs = Object.fromEntries(Array.from({ length: 43 }, (_, n) => [`sub_id_${n + 1}`, "x"]));
    const { event, told } = read({ amount: "5.00", currency: "EUR", ...subs });
    expect(told).toEqual(["too_many_keys data"]);
    expect(event).toMatchObject({ amount: 50_000 });
    expect(Object.keys(JSON.parse(event?.data as string))).toEqual(Object.keys(subs).slice(0, 40));
  });
});

describe("numbers in JSON", () => {
  const json = (text: string) => read(parseExact(text) as Record<string, unknown>, "api");

  it.each([
    "76561198122624102",
    "76561198122624101",
    "-0",
    "1.10",
    "1e3",
    "0.30000000000000004",
    "1E-7",
    "100.0",
    "18446744073709551615",
  ])("%s keeps its digits in data", (number) => {
    const data = `{"a":${number},"b":[${number},{"c":${number}}]}`;
    expect(json(`{"data":${data}}`)).toMatchObject({ event: { data }, told: [] });
    expect(json(`{"own": ${number} }`)).toMatchObject({ event: { data: `{"own":${number}}` } });
  });

  it("are read as JSON.parse reads them, where they are plain", () => {
    for (const text of ['{"a":[1,2.5,-3,0,"1.10","-0",true,null]}', '{"a":"1e3,"}', "[]", "5", '{"__proto__":1.0}'])
      expect(JSON.parse(JSON.stringify(parseExact(text)))).toEqual(JSON.parse(text));
    for (const text of ["", "{", '{"a":1.0,}', "1.0e"]) expect(() => parseExact(text)).toThrow(SyntaxError);
  });

  it("keep all their digits as ids", () => {
    expect(json('{"player_id":12345,"transaction_id":4711}').event).toMatchObject({
      player_id: "12345",
      transaction_id: "4711",
    });
    expect(json('{"player_id":76561198122624102}').event).toMatchObject({ player_id: "76561198122624102" });
    expect(json('{"player_id":0}').told).toEqual(["placeholder player_id"]);
    expect(json('{"player_id":1.5}').told).toEqual(["invalid player_id"]);
    expect(json('{"player_id":1e3}').told).toEqual(["invalid player_id"]);
    expect(json('{"player_id":true}').told).toEqual(["invalid player_id"]);
    expect(json('{"app_version":1.10}')).toMatchObject({
      event: { app_version: "1.10" },
      told: ["invalid app_version"],
    });
  });

  it("are read as money by one rule, as numbers and as text", () => {
    const of = (amount: string) => json(`{"amount":${amount},"currency":"EUR"}`);
    for (const amount of ["0.30000000000000004", "29.949999999999999", "27964.000000000004", "1.00001"]) {
      expect(of(amount).told).toEqual(["invalid amount"]);
      expect(of(`"${amount}"`).told).toEqual(["invalid amount"]);
    }
    for (const [amount, units] of [
      ["4.990", 49_900],
      ["12.50000", 125_000],
      ["100.0", 1_000_000],
      ["1e2", 1_000_000],
      ["5", 50_000],
    ])
      expect(of(amount as string).event).toMatchObject({ amount: units });
    expect(json('{"score":100.0}').event).toMatchObject({ score: 100 });
    expect(json(`{"timestamp":${NOW}.0}`).event).toMatchObject({ timestamp: NOW });
  });
});
