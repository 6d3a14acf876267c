/** The sender's kind from the user agent: people on phones and in games, servers, and crawlers under any name. */
import { env, SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { botReason } from "../../worker/collect/bot.ts";
import { createProject, keepToTables, settle, TABLES } from "./log.ts";

// It looks into the tables.
beforeAll(keepToTables);

const HOST = "https://agents.example";
const reasonOf = (agent: string) => botReason({ agent, asn: undefined, local: false }, {});
const ANDROID = (model: string) =>
  `Mozilla/5.0 (Linux; Android 9; ${model}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36`;

describe("people", () => {
  it.each([
    ...[
      "CUBOT X19",
      "CUBOT MAX",
      "CUBOT_P40 Build/QP1A",
      "CUBOT DINOSAUR Build/MRA58K; wv",
      "M BOT TAB 101 Build/MOB30R",
    ].map(ANDROID),
    ...["SPIDER Phone", "Robot 5", "Crawler X Build/1"].map(ANDROID),
    "Mozilla/5.0 (Linux; U; Android 8.1.0; en-us; CUBOT_X18 Build/O11019) AppleWebKit/534.30 Version/4.0 Mobile Safari/534.30",
    "Dalvik/2.1.0 (Linux; U; Android 13; CUBOT P80 Build/TP1A)",
    "SpiderSolitaire/512 CFNetwork/1410.0.3 Darwin/22.6.0",
    "Feed%20the%20Bot/7 CFNetwork/1410.0.3 Darwin/22.6.0",
    "DungeonCrawler/3.2 (iPhone; iOS 17.4; Scale/3.00)",
    "TalkingBot/2.0 UnityPlayer/2022.3.10f1 (UnityWebRequest/1.0, libcurl/8.1.1-DEV)",
    "UnityPlayer/2022.3.10f1 (UnityWebRequest/1.0, libcurl/8.1.1-DEV)",
    "SpiderRun/1.0 (Android 14; Pixel 8)",
    "BotWars/9 okhttp/4.12.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/450.0.0.38.108;FBBV/1;FBDV/iPhone14,5]",
    "[FBAN/FB4A;FBAV/567.1.0.52.74;FBDM/{density=3.0,width=1080,height=2340};FBPN/com.facebook.katana;]",
    "Job Search/24.4.0 Mozilla/5.0 (Linux; Android 14; SM-S918U; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/122.0 Mobile Safari/537.36",
    // Televisions, and apps with a browser inside.
    "Opera/9.80 (Linux armv7l; U; HbbTV/1.1.1 (; Humax; CXHD-5100C; 1.00.23; 1.0; ); ce-html/1.0; en) Presto/2.9.167 Version/11.50",
    "RokuBrowser/84.42.14 (TV-G000X-12.5.0.4176) Chrome/84.0.4147.38 HbbTV/1.6.1 (+DRM; TCL; 55RP630; 12.5.0.4176-84.42.14; ; com.roku.G000X; )",
    ...[
      "Version/4.0 Chrome/59.0 Mobile Safari/537.36 [air.com.A888poker/1.0]",
      "Version/4.0 Chrome/86.0 XWEB/3211 Mobile Safari/537.36 MMWEBID/7223 MicroMessenger/8.0.21.2120(0x2800153B) Process/toolsmp WeChat/arm64 Weixin",
      "Version/4.0 Mobile Safari/534.30 SogouMSE,SogouMobileBrowser/3.8.5",
    ].map(
      (end) => `Mozilla/5.0 (Linux; Android 12; LGE-AN10 Build/X; wv) AppleWebKit/537.36 (KHTML, like Gecko) ${end}`,
    ),
  ])("are no bots: %s", (agent) => {
    expect(reasonOf(agent)).toBeNull();
  });
});

describe("servers", () => {
  it.each([
    ..."python-requests/2.31.0 GuzzleHttp/7 axios/1.6.0 Go-http-client/2.0 curl/8.5.0 okhttp/4.9.0 node PHP/8.2 Java/17.0.1".split(
      " ",
    ),
    ..."MyCasino/1.0 Keitaro RedTrack game-server/2.1 CheckoutService/2.1 RestSharp/106.5.4.0".split(" "),
    "Apache-HttpClient/4.5.2 (Java/1.8.0_65)",
    "Voluum postback (+https://voluum.example)",
    "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    "Amazon CloudFront",
  ])("send postbacks that count: %s", (agent) => {
    expect(reasonOf(agent)).toBeNull();
  });
});

describe("crawlers", () => {
  it.each([
    ..."WhatsApp/2.23.20.0 WhatsApp ELB-HealthChecker/2.0 AhrefsBot/7.0 ia_archiver-web.archive.org Viber".split(" "),
    "Slack-ImgProxy (+https://api.slack.com/robots)",
    "whatsapp/784941593 cfnetwork/3826.600.41 darwin/24.6.0",
    "SkypeUriPreview Preview/0.5",
    "Bitrix link preview",
    "Discourse Forum Onebox v2.6.0.beta2",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
    "mozilla/5.0 (x11; linux x86_64) applewebkit/537.36 (khtml, like gecko) chrome/138.0.7204.168 safari/537.36 datadogsynthetics",
    "mozilla/5.0 (compatible; bluesky cardyb/1.1; +mailto:support@bsky.app)",
    "Amazon-Route53-Health-Check-Service (ref 00000000-0000-0000-0000-000000000000; report http://amzn.to/1vsZADi)",
    "Chrome Privacy Preserving Prefetch Proxy",
    "Google-InspectionTool/1.0;",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Jakarta Commons-HttpClient/3.1 +http://www.linkedin.com)",
    "W3C-checklink/4.81 libwww-perl/5.836",
    "NobodyKnows/1.0 (+https://nobody.example/crawler)",
    "Mozilla/5.0 (compatible; Yahoo! Slurp)",
    "Mozilla/5.0 (Linux; Android 12; X) AppleWebKit/537.36 HbbTV/1.1.1 (;;;) (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  ])("are recognised: %s", (agent) => {
    expect(reasonOf(agent)).toBe("crawler");
  });
});

describe("a pixel that was loaded without a view", () => {
  it("by a preview or a prefetched page is stored, flagged, and in no figure", async () => {
    await createProject("unseen");
    const fire = async (player_id: string, headers: HeadersInit) => {
      const query = `project_id=unseen&btag=t&amount=5.00&currency=EUR&player_id=${player_id}`;
      const response = await SELF.fetch(`${HOST}/deposit?${query}`, { headers });
      await response.body?.cancel();
      expect(response.status).toBe(200);
    };
    await fire("preview", { "user-agent": "WhatsApp/2.23.20.0" });
    await fire("secpurpose", { "sec-purpose": "prefetch;prerender" });
    await fire("purpose", { purpose: "prefetch" });
    await fire("xpurpose", { "x-purpose": "preview" });
    await fire("xmoz", { "x-moz": "prefetch" });
    await fire("seen", { "user-agent": "GuzzleHttp/7" });
    await vi.waitFor(
      async () => {
        await settle(TABLES);
        const { results } = await env.DB.prepare(
          "SELECT player_id, bot FROM events WHERE project_id = 'unseen' ORDER BY seq",
        ).all();
        expect(results).toEqual([
          { player_id: "preview", bot: "crawler" },
          ...["secpurpose", "purpose", "xpurpose", "xmoz"].map((player_id) => ({ player_id, bot: "prefetch" })),
          { player_id: "seen", bot: null },
        ]);
        const figures = await env.DB.prepare("SELECT total FROM daily_metrics WHERE project_id = 'unseen'").all();
        expect(figures.results).toEqual([{ total: 1 }]);
      },
      { timeout: 200_000, interval: 200 },
    );
  });
});
