/**
 * Imports: old events from files. The same as the events API, but events may be of any age and say who sent them. The
 * importer's own address and user agent are not used.
 */
import { Hono } from "hono";
import { atLeast } from "../http/access.ts";
import type { App } from "../http/principal.ts";
import { through } from "./batch.ts";
import { botReason } from "./bot.ts";
import { sentBy } from "./sender.ts";

/** A log has the page's address; another tracker's export may have only the host. */
const pageOf = (referrer: string | undefined) =>
  referrer === undefined || referrer.includes("://") ? (referrer ?? null) : `https://${referrer}`;

const collect = through({
  door: "import",
  sender(_request, { country = null, referrer, source_ip = null, user_agent = null }, project) {
    const bot = botReason({ agent: user_agent, asn: undefined, local: false }, project.bot_rules);
    return { ...sentBy({ country, referrer: pageOf(referrer), source_ip, user_agent }), bot };
  },
  // The importer reads the reasons in the answer. The request log is for live events.
  refused: () => undefined,
});

export const importRoutes = new Hono<App>().post("/import", atLeast("admin"), collect);
