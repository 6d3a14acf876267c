/**
 * Imports: events of long ago, from files. As the events API, but they may be of any age and say who sent them; the
 * importer's own address and agent are nobody's.
 */
import { Hono } from "hono";
import { atLeast } from "../http/access.ts";
import type { App } from "../http/principal.ts";
import { through } from "./batch.ts";
import { botReason } from "./bot.ts";
import { sentBy } from "./sender.ts";

/** A log names the page, another tracker's export perhaps its host alone. */
const pageOf = (referrer: string | undefined) =>
  referrer === undefined || referrer.includes("://") ? (referrer ?? null) : `https://${referrer}`;

const collect = through({
  door: "import",
  sender(_request, { country = null, referrer, source_ip = null, user_agent = null }, project) {
    const bot = botReason({ agent: user_agent, asn: undefined, local: false }, project.bot_rules);
    return { ...sentBy({ country, referrer: pageOf(referrer), source_ip, user_agent }), bot };
  },
  // The answer tells the importer why; the request log is about events that senders send.
  refused: () => undefined,
});

export const importRoutes = new Hono<App>().post("/import", atLeast("admin"), collect);
