import { env, SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { botReason } from "../../worker/collect/bot.ts";
import { sign, signedText } from "../../worker/collect/signature.ts";
import { LIMITS } from "../../worker/http/rate-limit.ts";
import { call, get, HOST, sendPixel } from "./api.ts";
import { ADMIN } from "./keys.ts";
import { keepToTables, settle } from "./log.ts";

// It looks into the tables.
beforeAll(keepToTables);

let secret: string;

beforeAll(async () => {
  const created = await call("POST", "/projects", {
    project_id: "strict",
    require_signature: true,
    allowed_origins: ["https://brand.example"],
  });
  expect(created.status).toBe(201);
  secret = (await created.json<{ pixel_secret: string }>()).pixel_secret;
});

type Query = [string, string][];
const said = (response: Response) => response.headers.get("x-event-error") ?? response.headers.get("x-event-status");

describe("signatures", () => {
  const deposit: Query = [
    ["project_id", "strict"],
    ["player_id", "p 1"],
    ["btag", "naïve&tag"],
    ["amount", "10.50"],
    ["currency", "EUR"],
    ["transaction_id", "T-1001"],
  ];

  it("are made as documented", async () => {
    expect(signedText(deposit)).toBe(
      "amount=10.50&btag=naïve&tag&currency=EUR&player_id=p 1&project_id=strict&transaction_id=T-1001",
    );
    // The vector of docs/pixels.md.
    expect(await sign(deposit, "a-pixel-secret")).toBe(
      "14ee18deea7b802f7ad0c0cf5047a5741c9d241f02db92a7da37996bb9504946",
    );
  });

  it("are required of amounts and transactions, and of nothing else", async () => {
    expect(said(await sendPixel("/deposit", [...deposit, ["sig", await sign(deposit, secret)]]))).toBe("accepted");
    expect(said(await sendPixel("/deposit", deposit))).toBe("bad_signature sig");
    expect(said(await sendPixel("/deposit", [...deposit, ["sig", await sign(deposit, "another")]]))).toBe(
      "bad_signature sig",
    );
    expect(said(await sendPixel("/deposit", [...deposit, ["sig", "zz"]]))).toBe("bad_signature sig");
    const raised = deposit.map(([name, value]): [string, string] => [name, name === "amount" ? "99999" : value]);
    expect(said(await sendPixel("/deposit", [...raised, ["sig", await sign(deposit, secret)]]))).toBe(
      "bad_signature sig",
    );
    expect(
      said(
        await sendPixel("/visit", [
          ["project_id", "strict"],
          ["player_id", "p"],
          ["btag", "t"],
        ]),
      ),
    ).toBe("accepted");
  });

  it("are required of a transaction without an amount, or it could take a payment's transaction id", async () => {
    const claim: Query = [
      ["project_id", "strict"],
      ["player_id", "x"],
      ["btag", "evil"],
      ["transaction_id", "T-1002"],
    ];
    expect(said(await sendPixel("/deposit", claim))).toBe("bad_signature sig");
    expect(said(await sendPixel("/visit", claim))).toBe("bad_signature sig");
    expect(said(await sendPixel("/deposit", [...claim, ["sig", await sign(claim, secret)]]))).toBe("accepted");
  });

  it("require a transaction id or an event id, so that a copied address counts once", async () => {
    const without = deposit.filter(([name]) => name !== "transaction_id");
    const address: Query = [...without, ["sig", await sign(without, secret)]];
    expect(said(await sendPixel("/deposit", address))).toBe("missing transaction_id");
    const told = await SELF.fetch(`${HOST}/deposit?${new URLSearchParams(address)}`, {
      headers: { accept: "application/json" },
    });
    expect(await told.json()).toMatchObject({
      errors: [
        { field: "transaction_id", code: "missing", message: expect.stringMatching(/transaction_id or event_id/) },
      ],
    });
    const named: Query = [...without, ["event_id", "order-7"]];
    const copied: Query = [...named, ["sig", await sign(named, secret)]];
    for (let time = 0; time < 5; time++) expect(said(await sendPixel("/deposit", copied))).toBe("accepted");
    const stored = () =>
      env.DB.prepare("SELECT count(*) AS n FROM events WHERE project_id = 'strict' AND event_id = 'order-7'").first();
    await vi.waitFor(async () => expect(await stored()).toEqual({ n: 1 }), { timeout: 200_000, interval: 100 });
    // One that needs no signature and has none needs no id either.
    expect(
      said(
        await sendPixel(
          "/visit",
          without.filter(([name]) => !["amount", "currency"].includes(name)),
        ),
      ),
    ).toBe("accepted");
  });
});

describe("allowed origins", () => {
  const visit: Query = [
    ["project_id", "strict"],
    ["player_id", "p"],
    ["btag", "t"],
  ];

  it.each<[string, HeadersInit, string]>([
    ["its own site", { origin: "https://brand.example" }, "accepted"],
    ["its own page", { referer: "https://brand.example/landing?x=1" }, "accepted"],
    ["another site", { origin: "https://evil.example" }, "origin_not_allowed event"],
    ["another page", { referer: "https://brand.example.evil.example/" }, "origin_not_allowed event"],
    ["a sandboxed frame", { origin: "null" }, "origin_not_allowed event"],
    ["another server, which names none", {}, "accepted"],
  ])("from %s", async (_, headers, outcome) => {
    expect(said(await sendPixel("/visit", visit, headers))).toBe(outcome);
  });
});

describe("bots", () => {
  const CHROME =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
  const visit = (agent: string | null, more: object = {}) => ({ agent, asn: undefined, local: false, ...more });

  it.each<[string, Parameters<typeof botReason>, string | null]>([
    ["a browser", [visit(CHROME), {}], null],
    ["no agent at all", [visit(null), {}], null],
    ["another server's library", [visit("GuzzleHttp/7"), {}], null],
    ["curl", [visit("curl/8.5.0"), {}], null],
    ["node", [visit("node"), {}], null],
    ["a game's own agent", [visit("MyGame/2.1 (Android 14)"), {}], null],
    ["Google", [visit("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), {}], "crawler"],
    ["a crawler by its name alone", [visit("AhrefsBot/7.0"), {}], "crawler"],
    ["a headless browser", [visit(CHROME.replace("Chrome", "HeadlessChrome")), {}], "headless"],
    [
      "a headless browser on a developer's machine",
      [visit(CHROME.replace("Chrome", "HeadlessChrome"), { local: true }), {}],
      null,
    ],
    ["a browser in a data centre", [visit(CHROME, { asn: 16509 }), {}], "data_centre"],
    ["the same, where the project lets it", [visit(CHROME, { asn: 16509 }), { data_centres: false }], null],
    ["a server in a data centre", [visit("GuzzleHttp/7", { asn: 16509 }), {}], null],
    ["what the project calls one", [visit("MyGame-Monitor/1"), { user_agents: ["mygame-monitor"] }], "project_rule"],
    ["what the project calls none", [visit("AhrefsBot/7.0"), { allowed_user_agents: ["ahrefsbot"] }], null],
  ])("%s", (_, [from, rules], reason) => {
    expect(botReason(from, rules)).toBe(reason);
  });

  it("are stored with the reason, and stay out of the figures", async () => {
    for (const [player_id, agent] of [
      ["robot", "AhrefsBot/7.0"],
      ["human", CHROME],
    ] as const) {
      expect(
        said(
          await sendPixel(
            "/pixel/bot_test",
            [
              ["player_id", player_id],
              ["btag", "t"],
            ],
            { "user-agent": agent },
          ),
        ),
      ).toBe("accepted");
    }
    await vi.waitFor(
      async () => {
        const { results } = await env.DB.prepare(
          "SELECT player_id, bot FROM events WHERE event_type = 'bot_test' ORDER BY player_id",
        ).all();
        expect(results).toEqual([
          { player_id: "human", bot: null },
          { player_id: "robot", bot: "crawler" },
        ]);
      },
      { timeout: 200_000, interval: 50 },
    );
    await settle();
    expect(
      await env.DB.prepare("SELECT count, total FROM daily_metrics WHERE event_type = 'bot_test'").all(),
    ).toMatchObject({ results: [{ count: 1, total: 1 }] });
  });
});

/** What the tests' configuration allows. */
const LIMIT = 20;

describe("rate limits", () => {
  it("by IP address on pixels, announced in headers; a developer's machine has none", async () => {
    const query: Query = [
      ["player_id", "p"],
      ["btag", "t"],
    ];
    const from = (address: string) => sendPixel("/pixel/flood", query, { "cf-connecting-ip": address });
    const flood = async (address: string, count: number) => {
      const outcomes = await Promise.all(Array.from({ length: count }, () => from(address)));
      return outcomes.filter((response) => response.status === 429);
    };
    const calm = await from("198.51.100.1");
    expect([calm.status, calm.headers.get("ratelimit-policy")]).toEqual([
      200,
      `"pixel";q=${LIMITS.pixel.requests};w=${LIMITS.pixel.seconds}`,
    ]);
    // Windows are aligned to the clock: the flood may fall into two.
    const limited = await flood("198.51.100.2", 2 * LIMIT + 10);
    expect(limited.length).toBeGreaterThan(0);
    expect(limited[0]?.headers.get("retry-after")).toBe(String(LIMITS.pixel.seconds));
    expect(limited[0]?.headers.get("ratelimit")).toBe(`"pixel";r=0;t=${LIMITS.pixel.seconds}`);
    expect((await from("198.51.100.3")).status).toBe(200);
    expect(await flood("127.0.0.1", 2 * LIMIT + 10)).toEqual([]);
  });

  it("by key on the API", async () => {
    const ask = async () => {
      const response = await get("/session", { ...ADMIN, "cf-connecting-ip": "198.51.100.9" });
      await response.body?.cancel();
      return response;
    };
    expect((await ask()).headers.get("ratelimit-policy")).toBe(
      `"api";q=${LIMITS.api.requests};w=${LIMITS.api.seconds}`,
    );
    const outcomes = await Promise.all(Array.from({ length: 2 * LIMIT + 10 }, ask));
    const limited = outcomes.find((response) => response.status === 429);
    expect(limited?.headers.get("retry-after")).toBe(String(LIMITS.api.seconds));
  });
});
