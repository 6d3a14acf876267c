/** The values that are written into a target's templates, and the templates that are accepted. */
import { describe, expect, it } from "vitest";
import page from "../../docs/postbacks.md?raw";
import { readPostback } from "../../worker/inbound/template.ts";
import { parseMoney } from "../../worker/money.ts";
import { refusalOfTemplate } from "../../worker/postbacks/address.ts";
import { MACRO_NAMES, namesIn, type ToldEvent, wrongMacro } from "../../worker/postbacks/macros.ts";
import { TARGET_PRESET_NAMES, TARGET_PRESETS, wrongBlank } from "../../worker/postbacks/presets.ts";
import { requestOf, wrongBody } from "../../worker/postbacks/request.ts";
import type { Target } from "../../worker/postbacks/target.ts";

const NOW = Date.parse("2026-05-01T12:00:00.250Z");
const event: ToldEvent = {
  event_id: "order-1",
  event_type: "deposit",
  player_id: "jörg & co",
  visitor_id: null,
  banner_tag: "summer/50%",
  click_id: "a+b=c?{amount}",
  transaction_id: null,
  amount: 1_234_567,
  currency: "EUR",
  payout: 350_000,
  payout_currency: "USD",
  conversion_status: "approved",
  timestamp: NOW,
  data: '{"s1":"one two","steam_id":76561198122624102,"price":1.10,"list":["a",1],"none":null,"odd key":"x","__proto__":"p"}',
};
const target: Target = {
  id: "t",
  project_id: "default",
  name: "t",
  event_types: ["deposit"],
  banner_tags: null,
  first_deposit: false,
  min_amount: null,
  currency: null,
  test: false,
  conversion_status: null,
  method: "GET",
  url: "https://tracker.example.com/p",
  body_type: null,
  body: null,
  secret: "s",
  created_at: 0,
  failures: 0,
  paused_at: null,
  paused_by: null,
};
const made = (changes: Partial<Target>, told = event) => requestOf({ ...target, ...changes }, told, NOW);
const query = async (template: string, told = event) =>
  (await made({ url: `https://tracker.example.com/p?${template}` }, told)).request.url.split("?").slice(1).join("?");

describe("a macro", () => {
  it.each([
    ["{click_id}", "a%2Bb%3Dc%3F%7Bamount%7D"],
    ["{player_id}", "j%C3%B6rg%20%26%20co"],
    ["{player_id_sha256}", "4cc0b0a691c1e70f2fdbb6edac83fb6d9e46b264d4aafe9eeda1fc3e35251bdd"],
    ["{visitor_id}", ""],
    ["{transaction_id}", ""],
    ["{amount}", "123.4567"],
    ["{currency}", "EUR"],
    ["{event_id}", "order-1"],
    ["{event_type}", "deposit"],
    ["{banner_tag}", "summer%2F50%25"],
    ["{timestamp}", "1777636800"],
    ["{timestamp_ms}", "1777636800250"],
    ["{timestamp_iso}", "2026-05-01T12%3A00%3A00.250Z"],
    ["{s1}", "one%20two"],
    ["{s99}", ""],
    ["{data.steam_id}", "76561198122624102"],
    ["{data.price}", "1.10"],
    ["{data.list}", "%5B%22a%22%2C1%5D"],
    ["{data.none}", ""],
    ["{data.odd key}", "x"],
    ["{data.toString}", ""],
  ])("%s is percent-encoded", async (macro, value) => {
    expect(await query(`a=${macro}&b`)).toBe(`a=${value}&b`);
    expect(wrongMacro(macro)).toBeNull();
  });

  it("of each name is known, and is empty where the event has nothing", async () => {
    const bare = {
      ...event,
      player_id: null,
      banner_tag: null,
      click_id: null,
      amount: null,
      currency: null,
      payout: null,
      payout_currency: null,
      conversion_status: null,
      data: null,
    };
    expect(await query("p={payout}+{payout_currency}")).toBe("p=35.00+USD");
    for (const name of MACRO_NAMES) expect(wrongMacro(`{${name}}`)).toBeNull();
    expect(
      await query(
        "{player_id}{player_id_sha256}{banner_tag}{click_id}{amount}{currency}{payout}{payout_currency}{s1}{data.a}",
        bare,
      ),
    ).toBe("");
  });

  it("is replaced by text, also by text that is no valid Unicode", async () => {
    expect(await query("a={s1}", { ...event, data: '{"s1":"\\ud800"}' })).toBe("a=%EF%BF%BD");
  });

  it.each(["{commission}", "{}", "{ amount }", "{AMOUNT}", "{data.}", "{s0}", "{s100}", "{toString}", "{constructor}"])(
    "%s is not known, and named in the error",
    (macro) => expect(wrongMacro(`https://x.example/?a=${macro}`)).toContain(`the macro ${macro}`),
  );

  it.each(["{{amount}}", "{amount", "amount}", "{amount}}"])("with a stray brace is refused: %s", (template) =>
    expect(wrongMacro(template)).toMatch(/brace|macro/),
  );
});

describe("a body", () => {
  it("as a form has each value percent-encoded", async () => {
    const { request } = await made({ method: "POST", body_type: "form", body: "c={click_id}&p={player_id}" });
    expect(request.body).toBe("c=a%2Bb%3Dc%3F%7Bamount%7D&p=j%C3%B6rg%20%26%20co");
    expect(request.headers["content-type"]).toBe("application/x-www-form-urlencoded");
  });

  it("as JSON has texts escaped, so that none ends its string", async () => {
    const body = '{"id":"{click_id}","who":{"name":"<{player_id}>"},"list":["{s1}",1,null],"fixed":true}';
    const { request } = await made({ method: "POST", body_type: "json", body }, { ...event, click_id: '","admin":"1' });
    expect(JSON.parse(request.body as string)).toEqual({
      id: '","admin":"1',
      who: { name: "<jörg & co>" },
      list: ["one two", 1, null],
      fixed: true,
    });
    expect(request.headers["content-type"]).toBe("application/json");
  });

  it.each([
    ["json", '{"a":"{commission}"}', "{commission}"],
    ["json", '{"a":{amount}}', "must be JSON"],
    ["form", "a={commission}", "{commission}"],
  ] as const)("as %s is refused: %s", (body_type, body, told) =>
    expect(wrongBody({ body_type, body })).toContain(told),
  );
});

describe("what may be shown of a request", () => {
  it("hides the token in the template, and shows the values of macros", async () => {
    const { request, shown } = await made({
      method: "POST",
      url: "https://tracker.example.com/p?api_key=abc&token={click_id}&a=1",
      body_type: "form",
      body: "secret=abc&hash={event_id}",
    });
    expect(request.url).toContain("api_key=abc");
    expect(request.body).toBe("secret=abc&hash=order-1");
    expect(shown).toEqual({
      method: "POST",
      url: "https://tracker.example.com/p?api_key=[secret]&token=a%2Bb%3Dc%3F%7Bamount%7D&a=1",
      body: "secret=[secret]&hash=order-1",
    });
    const json = await made({ method: "POST", body_type: "json", body: '{"password":"abc","a":"{event_id}"}' });
    expect(json.shown.body).toBe('{"password":"[secret]","a":"order-1"}');
  });
});

describe("the URL of a known tracker", () => {
  const rules = { local: false };
  const filledIn = (template: string) => template.replace(/<([a-z-]+)>/g, (_, blank: string) => `my-${blank}.example`);
  const told = { ...event, click_id: "k-1", player_id: "p-1" };

  it.each(TARGET_PRESET_NAMES)("is accepted for %s once its blanks are filled in", (name) => {
    const { url, docs } = TARGET_PRESETS[name];
    expect(wrongMacro(url)).toBeNull();
    expect(url).toContain("{click_id}");
    expect(refusalOfTemplate(filledIn(url), rules, "own.example")).toBeNull();
    expect(wrongBlank(filledIn(url))).toBeNull();
    expect(wrongBlank(url)).toBe(
      /<[a-z-]+>/.test(url) ? `still has ${/<[a-z-]+>/.exec(url)}: write your own in its place` : null,
    );
    expect(new URL(docs).protocol).toBe("https:");
  });

  const VECTORS = {
    keitaro:
      "https://my-tracking-domain.example/my-postback-key.example/postback?subid=k-1&tid=order-1&payout=35.00&currency=USD",
    binom: "https://my-tracking-domain.example/click.php?cnv_id=k-1&payout=35.00&cnv_currency=USD&cnv_status=deposit",
    voluum: "https://my-tracking-domain.example/postback?cid=k-1&payout=35.00&currency=USD&txid=order-1",
    redtrack: "https://my-tracking-domain.example/postback?clickid=k-1&sum=35.00",
    bemob: "https://my-tracking-domain.example/postback?cid=k-1&payout=35.00&txid=order-1",
    clickflare: "https://my-tracking-domain.example/cf/cv?click_id=k-1&payout=35.00&txid=order-1",
    peerclick: "https://pstb.peerclick.com/postback?cid=k-1&payout=35.00&currency=USD&txid=order-1",
    taboola:
      "https://trc.taboola.com/actions-handler/log/3/s2s-action?click-id=k-1&name=my-event-name.example&revenue=123.4567&currency=EUR&orderid=order-1",
    exoclick: "https://my-conversion-domain.example/tag.php?goal=my-goal-id.example&tag=k-1",
  } as const satisfies Record<(typeof TARGET_PRESET_NAMES)[number], string>;

  it.each(TARGET_PRESET_NAMES)("sends %s an event in its format", async (name) => {
    const { method, url } = TARGET_PRESETS[name];
    const { request } = await made({ method, url: filledIn(url) }, told);
    expect(request).toMatchObject({ method: "GET", url: VECTORS[name], body: null });
  });
});

describe("what docs/postbacks.md says", () => {
  /** The rows of the table after these words in the docs, without its head; code without its backticks. */
  const rowsBehind = (words: string): string[][] => {
    const [, table = ""] = /\n((?:\|.*\n)+)/.exec(page.slice(page.indexOf(words))) ?? [];
    const lines = table.trim().split("\n").slice(2);
    return lines.map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")),
    );
  };
  const objectBehind = (words: string): string =>
    /```json[^\n]*\n(.*?)^```$/ms.exec(page.slice(page.indexOf(words)))?.[1] ?? "";

  // Numbers of `data` are taken as they are written.
  const written = objectBehind("### Test vectors");
  const given = JSON.parse(written);
  const told: ToldEvent = {
    ...{ visitor_id: null, transaction_id: null, payout: 350_000, payout_currency: "USD" },
    ...given,
    conversion_status: "approved",
    amount: parseMoney(given.amount),
    timestamp: Date.parse(given.timestamp),
    data: /"data": (\{.*?\})\}/.exec(written)?.[1] ?? null,
  };
  const templates = rowsBehind("a template becomes this");

  it.each(templates)("of %s: %s becomes %s", async (where, body = "", result) => {
    const changes = { method: "POST", body_type: where === "JSON" ? "json" : "form", body } as const;
    expect(wrongBody({ ...target, ...changes })).toBeNull();
    expect((await made(changes, told)).request.body).toBe(result);
    if (where !== "JSON") expect(await query(`a=${body}`, told)).toBe(`a=${result}`);
  });

  it("has a vector of each macro, and of each key of the event's data", () => {
    const used = templates.flatMap(([, template = ""]) => namesIn(template));
    expect(MACRO_NAMES.filter((name) => !used.includes(name))).toEqual([]);
    expect(Object.keys(given.data).filter((key) => !used.some((name) => name.endsWith(key)))).toEqual([]);
  });

  const networks = rowsBehind("Test vectors: of the source");
  it("has vectors of a network's template", () => expect(networks).toHaveLength(3));
  it.each(networks)("of a network: %s", (parameters, event = "", status) => {
    const { template } = JSON.parse(objectBehind("### The template"));
    const { amount, data, ...fields } = JSON.parse(event);
    expect(readPostback([...new URLSearchParams(parameters)], template, NOW)).toEqual({
      ok: true,
      said: {
        event: {
          ...fields,
          ...(amount && { amount: parseMoney(amount) }),
          ...(data && { data: JSON.stringify(data) }),
        },
        status: status || null,
        said: new URLSearchParams(parameters).get("state"),
      },
    });
  });
});
