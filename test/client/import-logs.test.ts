/** Access logs in the formats of real servers, and the event from each line. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Found } from "../../scripts/import/entry.ts";
import { FORMATS, formatOf, guessFormat } from "../../scripts/import/format.ts";
import { addressIn, pathsOf } from "../../scripts/import/hit.ts";
import { linesOf } from "../../scripts/import/lines.ts";
import { LAYOUTS, layoutOf } from "../../scripts/import/log-layouts.ts";

const folder = mkdtempSync(join(tmpdir(), "edgepixel-logs-"));
afterAll(() => rmSync(folder, { recursive: true }));

const shown = (found: Found): unknown =>
  found.kind === "event"
    ? Object.fromEntries(found.pairs.filter(([, value]) => value !== undefined))
    : found.kind === "skipped"
      ? found.reason
      : found.errors[0]?.message;

/** The events from a file's lines, in the format that is recognised from its content. */
async function read(text: string, { paths = [] as string[], timezone = "UTC" } = {}): Promise<unknown[]> {
  const path = join(folder, "log");
  writeFileSync(path, text);
  const format = await guessFormat(path);
  const options = { paths: pathsOf(paths), clock: { timezone, dates: null } };
  const entries = await Array.fromAsync(FORMATS[format](linesOf(path), options));
  return entries.map(({ found }) => shown(found));
}

const AT = Date.UTC(2026, 4, 1, 8);
const visit = { event_type: "visit", visitor_id: "v", btag: "summer", timestamp: AT, source_ip: "203.0.113.9" };
const REQUEST = '"GET /visit?visitor_id=v&btag=summer HTTP/1.1"';

describe("a line with its request in quotes", () => {
  it.each<[string, string, object]>([
    ["an ISO time", `203.0.113.9 - - [2026-05-01T10:00:00+02:00] ${REQUEST} 200 43 "-" "-"`, visit],
    [
      "an ISO time with parts of a second, and a request time at the end",
      `203.0.113.9 - - [2026-05-01T10:00:01.146+02:00] ${REQUEST} 200 43 "-" "Mozilla/5.0" "-" 0.034`,
      { ...visit, timestamp: AT + 1_146, user_agent: "Mozilla/5.0" },
    ],
    [
      "parts of a second",
      `203.0.113.9 - - [01/May/2026:10:00:02.123 +0200] ${REQUEST} 200 43 "-" "-"`,
      { ...visit, timestamp: AT + 2_123 },
    ],
    [
      "the host in quotes behind the time",
      `203.0.113.9 - - [01/May/2026:10:00:00 +0200] "brand.example" ${REQUEST} 200 43 "-" "-" 0.066`,
      visit,
    ],
    ["a duration in brackets", `203.0.113.9 - - [01/May/2026:10:00:00 +0200] (0 s) ${REQUEST} 200 43 "-" "-"`, visit],
    [
      "the virtual host before the address",
      `brand.example:443 203.0.113.9 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 200 43 "-" "-"`,
      visit,
    ],
    [
      "a virtual host that is an address",
      `192.0.2.1:80 203.0.113.9 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 200 43 "-" "-"`,
      visit,
    ],
    [
      "a list of addresses, the client first",
      `203.0.113.9, 198.51.100.7, 198.51.100.8 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 200 43 "-" "-"`,
      visit,
    ],
    ["an address with its port", `203.0.113.9:50123 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 200 43 "-" "-"`, visit],
    [
      "IPv6 with a zone",
      `fe80::a00:27ff:fe00:1%eth0 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 200 43 "-" "-"`,
      { ...visit, source_ip: "fe80::a00:27ff:fe00:1" },
    ],
    ["204", `203.0.113.9 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 204 0 "-" "-"`, visit],
    ["304", `203.0.113.9 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 304 0 "-" "-"`, visit],
    [
      "a slash at the end of the path",
      `203.0.113.9 - - [01/May/2026:10:00:00 +0200] "GET /visit/?visitor_id=v&btag=summer HTTP/1.1" 200 43 "-" "-"`,
      visit,
    ],
    [
      "an escaped ampersand",
      `203.0.113.9 - - [01/May/2026:10:00:00 +0200] "GET /visit?visitor_id=v&amp;btag=summer HTTP/1.1" 200 43 "-" "-"`,
      visit,
    ],
    [
      "a quote in the agent",
      `203.0.113.9 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 200 43 "-" "Dalvik/2.1.0 (Tab 10\\" Build/LMY47I)"`,
      { ...visit, user_agent: 'Dalvik/2.1.0 (Tab 10" Build/LMY47I)' },
    ],
    [
      "syslog before it",
      `<190>May  1 10:00:00 web-1 nginx: 203.0.113.9 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 200 43 "-" "-"`,
      visit,
    ],
    [
      "a load balancer of AWS (ALB)",
      "https 2026-05-01T08:00:00.000000Z app/lb/50dc 203.0.113.9:2817 10.0.0.1:80 0.001 0.1 0.000 200 200 225 573 " +
        '"GET https://t.brand.example:443/visit?visitor_id=v&btag=summer HTTP/1.1" "Mozilla/5.0 (X11)" ECDHE TLSv1.2 ' +
        'arn:aws:x "Root=1" "t.brand.example" "arn:aws:y" 0 2026-05-01T08:00:00.000000Z "forward" "-" "-" "10.0.0.1:80" "200"',
      { ...visit, user_agent: "Mozilla/5.0 (X11)" },
    ],
    [
      "a classic load balancer of AWS",
      "2026-05-01T08:00:00.000000Z lb 203.0.113.9:2817 10.0.0.1:80 0.1 0.1 0.1 200 200 0 29 " +
        '"GET http://t.brand.example:80/visit?visitor_id=v&btag=summer HTTP/1.1" "Mozilla/5.0 (X11)" - -',
      { ...visit, user_agent: "Mozilla/5.0 (X11)" },
    ],
    [
      "Envoy's own form, which has the addresses where others have the page",
      `[2026-05-01T08:00:00.000Z] ${REQUEST} 200 - 0 43 5 4 "203.0.113.9,10.0.0.9" "Mozilla/5.0 (X11)" "abc-1" "t.brand.example" "10.0.0.2:80"`,
      { ...visit, user_agent: "Mozilla/5.0 (X11)" },
    ],
    [
      "Istio's own form",
      `[2026-05-01T08:00:00.000Z] ${REQUEST} 200 - via_upstream - "-" 0 43 5 4 "203.0.113.9" "Mozilla/5.0 (X11)" "abc-1" "t.brand.example" "10.0.0.2:80" inbound|80|| 127.0.0.6:1 10.0.0.1:80 198.51.100.7:0 outbound default`,
      { ...visit, user_agent: "Mozilla/5.0 (X11)" },
    ],
    [
      "a proxy's address, and the client's behind the agent",
      `10.0.0.1 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 200 43 "-" "Mozilla/5.0 (X11)" "203.0.113.9, 10.0.0.7"`,
      { ...visit, user_agent: "Mozilla/5.0 (X11)" },
    ],
    ["a blank in its time", `203.0.113.9 - - [01/May/2026 10:00:00 +0200] ${REQUEST} 200 43 "-" "-"`, visit],
    ["seconds in brackets", `203.0.113.9 - - [${AT / 1_000}] ${REQUEST} 200 43 "-" "-"`, visit],
    ["a zone of half an hour", `203.0.113.9 - - [01/May/2026:13:30:00 +0530] ${REQUEST} 200 43 "-" "-"`, visit],
    [
      "what Kubernetes writes before it",
      `2026-05-01T08:00:00.000000000Z stdout F 203.0.113.9 - - [01/May/2026:10:00:00 +0200] ${REQUEST} 200 43 "-" "-"`,
      visit,
    ],
    [
      "S3",
      `b659 t.brand.example [01/May/2026:08:00:00 +0000] 203.0.113.9 - EB35 WEBSITE.GET.OBJECT visit ${REQUEST} 200 - 43 43 10 9 "-" "Mozilla/5.0 (X11)"`,
      { ...visit, user_agent: "Mozilla/5.0 (X11)" },
    ],
  ])("with %s", async (_, line, event) => expect(await read(`${line}\n`)).toEqual([event]));

  it("of HAProxy has the zone that is named", async () => {
    const line = `May  1 10:00:00 lb haproxy[68]: 203.0.113.9:55008 [01/May/2026:10:00:00.500] https~ be/a 0/0/0/72/72 200 45 - - ---- 5/4/0/1/0 0/0 ${REQUEST}\n`;
    expect(await read(line, { timezone: "Europe/Malta" })).toEqual([{ ...visit, timestamp: AT + 500 }]);
  });

  it.each([
    ["a redirect", REQUEST, 301, "a pixel, but not answered with 2xx or 304"],
    ["a POST whose fields were in its body", '"POST /visit HTTP/1.1"', 200, "a pixel by POST, whose fields no log has"],
    ["another pixel", '"GET /b.gif?event=visit HTTP/1.1"', 200, "not a pixel"],
    ["a load balancer's line about no request", '"- - - "', 200, "not a pixel"],
  ])("that is %s is passed over", async (_, request, status, reason) =>
    expect(await read(`203.0.113.9 - - [01/May/2026:10:00:00 +0200] ${request} ${status} 0 "-" "-"\n`)).toEqual([
      reason,
    ]),
  );
});

describe("other paths", () => {
  const line = (target: string) =>
    `203.0.113.9 - - [01/May/2026:10:00:00 +0200] "GET ${target} HTTP/1.1" 200 35 "-" "-"\n`;
  it("are pixels if the options name them, with the type in the address or in the options", async () => {
    const query = "visitor_id=v&btag=summer";
    expect(await read(line(`/b.gif?${query}`), { paths: ["/b.gif=visit"] })).toEqual([visit]);
    expect(await read(line(`/t/b.gif/?${query}&event_type=visit`), { paths: ["/t/b.gif"] })).toEqual([visit]);
    expect(await read(line(`/c.gif?${query}`), { paths: ["/b.gif=visit"] })).toEqual(["not a pixel"]);
  });
  it.each(["b.gif", "/b.gif?x=y", "/b.gif=Visit"])("are checked: %s", (path) =>
    expect(() => pathsOf([path])).toThrow("write /path or /path=event_type"),
  );
});

it.each([
  ["203.0.113.9", "203.0.113.9"],
  ["203.0.113.9:443", "203.0.113.9"],
  ["[2001:db8::1]:443", "2001:db8::1"],
  ["2001:db8::1", "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["203.0.113.9, 198.51.100.7", "203.0.113.9"],
  ["unknown, 198.51.100.7", undefined],
  ["unix:", undefined],
  ["-", undefined],
])("the address in %s is %s", (text, address) => expect(addressIn(text)).toBe(address));

const deposit = {
  event_type: "deposit",
  player_id: "p1",
  amount: "25.00",
  currency: "EUR",
  timestamp: AT + 1_000,
  source_ip: "2001:db8::5",
};
const DEPOSIT = "player_id=p1&amount=25.00&currency=EUR";

describe("the W3C extended format", () => {
  it("of CloudFront, which encodes twice", async () => {
    const text = [
      "#Version: 1.0",
      "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie)",
      "2026-05-01\t08:00:00\tFRA2\t563\t203.0.113.9\tGET\td.cloudfront.net\t/visit\t200\thttps://brand.example/\tMozilla/5.0%2520(Windows%2520NT)\tvisitor_id=v&btag=na%25C3%25AFve\t-",
      `2026-05-01\t08:00:01\tFRA2\t563\t2001:db8::5\tGET\td.cloudfront.net\t/deposit\t200\t-\tMozilla/5.0%20(X11)\t${DEPOSIT}\t-`,
    ];
    expect(await read(text.join("\n"))).toEqual([
      "header",
      "header",
      { ...visit, btag: "naïve", referrer: "https://brand.example/", user_agent: "Mozilla/5.0 (Windows NT)" },
      { ...deposit, user_agent: "Mozilla/5.0 (X11)" },
    ]);
  });

  it("whose pixels have the referring site", async () => {
    const line = (referrer: string) =>
      `2026-05-01 08:00:00 203.0.113.9 GET /visit visitor_id=v&btag=summer&referrer=${referrer} https://brand.example/lobby 200`;
    const text = ["#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query cs(Referer) sc-status"];
    text.push(line("partner.example"), line("-"), line("Newsletter"));
    expect(await read(text.join("\n"))).toEqual([
      "header",
      { ...visit, referrer: "partner.example" },
      // No referring site: the page that sent the pixel is not one.
      { ...visit, referrer: null },
      { ...visit, referrer: "https://brand.example/lobby", data: { referrer: "Newsletter" } },
    ]);
  });

  it("of IIS, whose columns may change in the middle", async () => {
    const text = [
      "#Software: Microsoft Internet Information Services 10.0",
      "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status",
      "2026-05-01 08:00:00 10.0.0.1 GET /visit visitor_id=v&btag=summer 443 - 203.0.113.9 Mozilla/5.0+(Windows+NT+10.0) - 200",
      "2026-05-01 08:00:00 10.0.0.1 GET /index.html - 443 - 203.0.113.9 - - 200",
      "#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status",
      `2026-05-01 08:00:01 2001:db8::5 GET /deposit ${DEPOSIT} 204`,
      "2026-05-01 08:00:01 2001:db8::5 GET",
    ];
    expect(await read(text.join("\r\n"), { timezone: "Europe/Malta" })).toEqual([
      "header",
      "header",
      { ...visit, user_agent: "Mozilla/5.0 (Windows NT 10.0)" },
      "not a pixel",
      "header",
      deposit,
      "has 4 fields, #Fields 7",
    ]);
  });

  it("of IIS behind a proxy, with the client's address in a separate column", async () => {
    const text = [
      "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip sc-status X-Forwarded-For",
      "2026-05-01 08:00:00 GET /visit visitor_id=v&btag=summer 10.0.0.2 200 203.0.113.9",
      "2026-05-01 08:00:00 GET /visit visitor_id=v&btag=summer 203.0.113.9 200 -",
    ];
    expect(await read(text.join("\n"))).toEqual(["header", visit, visit]);
  });

  it("with times of the server's clock", async () => {
    const text = [
      "#Fields: date-local time-local cs-method cs-uri-stem cs-uri-query c-ip sc-status",
      '2026-05-01 10:00:00.000 GET /visit visitor_id=v&btag=summer "203.0.113.9" 200',
    ];
    expect(await read(text.join("\n"), { timezone: "Europe/Malta" })).toEqual(["header", visit]);
  });
});

describe("JSON", () => {
  const asked = { target: "/visit?visitor_id=v&btag=summer", agent: "Mozilla/5.0 (X11)" };
  const page = "https://brand.example/";
  const full = { ...visit, referrer: page, user_agent: asked.agent };
  const SAMPLES: readonly [name: string, record: Readonly<Record<string, unknown>>, event: object][] = [
    [
      "Cloudflare's Logpush",
      {
        ClientIP: "203.0.113.9",
        ClientRequestMethod: "GET",
        ClientRequestURI: asked.target,
        ClientRequestUserAgent: asked.agent,
        ClientRequestReferer: page,
        EdgeResponseStatus: 200,
        EdgeStartTimestamp: "2026-05-01T08:00:00Z",
        ClientCountry: "de",
      },
      { ...full, country: "DE" },
    ],
    [
      "Logpush with nanoseconds",
      {
        ClientIP: "2001:db8::5",
        ClientRequestMethod: "GET",
        ClientRequestURI: `/deposit?${DEPOSIT}`,
        EdgeResponseStatus: 200,
        EdgeStartTimestamp: (AT + 1_000) * 1e6,
      },
      deposit,
    ],
    [
      "Caddy",
      {
        level: "info",
        ts: AT / 1_000 + 0.2506,
        logger: "http.log.access",
        request: {
          remote_ip: "203.0.113.9",
          method: "GET",
          uri: asked.target,
          headers: { "User-Agent": [asked.agent], Referer: [page] },
        },
        status: 200,
      },
      { ...full, timestamp: AT + 250 },
    ],
    [
      "Traefik",
      {
        ClientHost: "203.0.113.9",
        RequestMethod: "GET",
        RequestPath: asked.target,
        DownstreamStatus: 200,
        StartUTC: "2026-05-01T08:00:00.000360139Z",
        "request_User-Agent": asked.agent,
        request_Referer: page,
      },
      full,
    ],
    [
      "nginx",
      {
        time_iso8601: "2026-05-01T10:00:00+02:00",
        remote_addr: "203.0.113.9",
        request: `GET ${asked.target} HTTP/2.0`,
        status: "200",
        http_referer: page,
        http_user_agent: asked.agent,
      },
      full,
    ],
    [
      "nginx with the query apart",
      {
        msec: "1777622400.000",
        remote_addr: "203.0.113.9",
        request_method: "GET",
        uri: "/visit",
        args: "visitor_id=v&btag=summer",
        status: 304,
      },
      visit,
    ],
    [
      "Google Cloud's load balancer",
      {
        httpRequest: {
          remoteIp: "203.0.113.9",
          requestMethod: "GET",
          requestUrl: `https://t.brand.example${asked.target}`,
          status: 200,
          userAgent: asked.agent,
          referer: page,
        },
        timestamp: "2026-05-01T08:00:00.000Z",
      },
      full,
    ],
    [
      "Azure Front Door",
      {
        time: "2026-05-01T08:00:00.0000000Z",
        properties: {
          httpMethod: "GET",
          httpStatusCode: "200",
          requestUri: `https://t.brand.example:443${asked.target}`,
          clientIp: "203.0.113.9",
          userAgent: asked.agent,
          referer: page,
        },
      },
      full,
    ],
    [
      "Envoy",
      {
        start_time: "2026-05-01T08:00:00.000Z",
        method: "GET",
        path: asked.target,
        response_code: 200,
        user_agent: asked.agent,
        x_forwarded_for: "203.0.113.9,10.0.0.1",
      },
      { ...visit, user_agent: asked.agent },
    ],
    [
      "Logpush with the time of the end alone",
      {
        ClientIP: "203.0.113.9",
        ClientRequestURI: asked.target,
        EdgeResponseStatus: 200,
        EdgeEndTimestamp: "2026-05-01T08:00:00Z",
      },
      visit,
    ],
    [
      "Cloudflare's trace of Workers",
      {
        Event: { Request: { URL: `https://t.example${asked.target}`, Method: "GET" }, Response: { Status: 200 } },
        EventTimestampMs: AT,
      },
      { ...visit, source_ip: undefined },
    ],
    [
      "Fastly",
      {
        timestamp: "2026-05-01T08:00:00+0000",
        client_ip: "203.0.113.9",
        url: asked.target,
        request_method: "GET",
        request_referer: page,
        request_user_agent: asked.agent,
        response_status: 200,
      },
      full,
    ],
    [
      "Akamai's DataStream",
      {
        reqTimeSec: "1777622400.000",
        cliIP: "203.0.113.9",
        statusCode: "200",
        reqMethod: "GET",
        reqPath: "visit",
        queryStr: "visitor_id=v&btag=summer",
        UA: "Mozilla%2F5.0%20(X11)",
        referer: page,
      },
      full,
    ],
    [
      "Vercel",
      {
        source: "static",
        proxy: {
          timestamp: AT,
          method: "GET",
          path: asked.target,
          statusCode: 200,
          clientIp: "203.0.113.9",
          userAgent: [asked.agent],
          referer: page,
        },
      },
      full,
    ],
    [
      "the Elastic Common Schema",
      {
        "@timestamp": "2026-05-01T08:00:00.000Z",
        http: { request: { method: "GET", referrer: page }, response: { status_code: 200 } },
        url: { original: asked.target },
        source: { ip: "203.0.113.9" },
        user_agent: { original: asked.agent },
      },
      full,
    ],
    [
      "pino",
      {
        level: 30,
        time: AT,
        req: {
          method: "GET",
          url: asked.target,
          remoteAddress: "203.0.113.9",
          headers: { "user-agent": asked.agent, referer: page },
        },
        res: { statusCode: 200 },
      },
      full,
    ],
    [
      "Docker, with a line of nginx inside",
      {
        log: `203.0.113.9 - - [01/May/2026:10:00:00 +0200] "GET ${asked.target} HTTP/1.1" 200 43 "${page}" "${asked.agent}"\n`,
        stream: "stdout",
        time: "2026-05-01T08:00:01Z",
      },
      full,
    ],
    [
      "Docker, with JSON inside",
      {
        log: `${JSON.stringify({ time: AT, ip: "203.0.113.9", method: "GET", path: asked.target, status: 200 })}\n`,
        stream: "stdout",
      },
      visit,
    ],
    [
      "CloudFront",
      {
        date: "2026-05-01",
        time: "08:00:00",
        "c-ip": "203.0.113.9",
        "cs-method": "GET",
        "cs-uri-stem": "/visit",
        "cs-uri-query": "visitor_id=v&btag=summer",
        "sc-status": "200",
      },
      visit,
    ],
  ];
  it.each(SAMPLES)("of %s", async (_, record, event) =>
    expect(await read(`${JSON.stringify(record)}\n`)).toEqual([event]),
  );

  it.each(LAYOUTS.map(({ name }) => name))("of %s has a sample here", (name) =>
    expect(SAMPLES.map(([, record]) => layoutOf(record)?.name)).toContain(name),
  );

  it("is read as an event if it has an event's fields", () => {
    const order = { event_type: "deposit", status: 200, url: "/x", timestamp: "2026-05-01" };
    expect(formatOf(JSON.stringify(order))).toBe("ndjson");
    expect(formatOf('{"player_id":"p","status":"200","path":"/x","time":"2026-05-01"}')).toBe("ndjson");
    expect(formatOf('{"status":"sale","url":"/x","time":"2026-05-01"}')).toBe("ndjson");
  });
});
