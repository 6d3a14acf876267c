/**
 * `npm run demo`: realistic traffic to the running instance, through its public pixels, until stopped or until
 * `--events N` are sent. The first of it is spread over the last week, so that there is something to look at;
 * what follows happens now. `--url` names another instance, `--rate` the events a second of what happens now.
 */
import { parseArgs } from "node:util";
import { type Progress, showProgress } from "./progress.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://localhost:8787" },
    events: { type: "string" },
    rate: { type: "string", default: "10" },
    project: { type: "string", default: "default" },
  },
});
const limit = values.events === undefined ? Number.POSITIVE_INFINITY : Number(values.events);
const rate = Number(values.rate);
if (!(limit > 0) || !(rate > 0)) throw new Error("--events and --rate must be numbers above 0");

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** How much of the traffic lies in the past, and how far back pixels may reach, with an hour to spare. */
const HISTORY = Math.min(3_000, Math.ceil(limit * 0.8));
const WEEK = 7 * DAY - HOUR;
const AT_ONCE = 8;

/** Campaigns, with their share of the traffic and how well it converts. */
const CAMPAIGNS = [
  { tag: "search-brand", share: 0.3, registers: 0.16 },
  { tag: "aff-bonusguide", share: 0.25, registers: 0.12 },
  { tag: "aff-slotreviews", share: 0.18, registers: 0.09 },
  { tag: "social-summer", share: 0.15, registers: 0.04 },
  { tag: "newsletter", share: 0.08, registers: 0.2 },
  { tag: "display-retarget", share: 0.04, registers: 0.02 },
];
const AGENTS = [
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
];

type Hit = { at: number; type: string; agent: string; query: Record<string, string> };

const chance = (probability: number) => Math.random() < probability;
const between = (least: number, most: number) => least + Math.random() * (most - least);
const pick = <T>(from: readonly T[]) => from[Math.floor(Math.random() * from.length)] as T;

function pickCampaign(): (typeof CAMPAIGNS)[number] {
  let left = Math.random();
  for (const campaign of CAMPAIGNS) {
    left -= campaign.share;
    if (left < 0) return campaign;
  }
  return CAMPAIGNS[0] as (typeof CAMPAIGNS)[number];
}

/** One person, from the first visit on. */
function* journey(start: number): Generator<Hit> {
  const campaign = pickCampaign();
  const visitor_id = crypto.randomUUID();
  const agent = pick(AGENTS);
  const hit = (at: number, type: string, more: Record<string, string> = {}): Hit => ({
    at,
    type,
    agent,
    query: { project_id: values.project, visitor_id, banner_tag: campaign.tag, ...more },
  });
  let at = start;
  yield hit(at, "visit");
  if (chance(0.3)) {
    at += between(MINUTE, 20 * MINUTE);
    yield hit(at, "visit");
  }
  if (!chance(campaign.registers)) return;
  const player_id = `player-${crypto.randomUUID().slice(0, 8)}`;
  at += between(MINUTE, 30 * MINUTE);
  yield hit(at, "registration", { player_id });
  for (let more = 0.55; chance(more); more = 0.6) {
    const amount = pick(["10", "20", "20", "25", "50", "50", "100", "250.50"]);
    at += more === 0.55 ? between(2 * MINUTE, 3 * HOUR) : between(HOUR, 2 * DAY);
    yield hit(at, "deposit", {
      player_id,
      amount,
      currency: chance(0.8) ? "USD" : "EUR",
      transaction_id: crypto.randomUUID(),
    });
  }
}

/** More in the evening than in the morning, as people are. */
function startInThePast(now: number): number {
  for (;;) {
    const at = now - Math.random() * WEEK;
    if (chance(0.35 + 0.65 * Math.sin((Math.PI * ((at % DAY) / HOUR)) / 24))) return at;
  }
}

function* traffic(): Generator<Hit> {
  for (let sent = 0; sent < HISTORY; ) {
    for (const hit of journey(startInThePast(Date.now()))) {
      if (hit.at < Date.now() && sent++ < HISTORY) yield hit;
    }
  }
  for (;;) for (const hit of journey(Date.now())) yield { ...hit, at: Number.POSITIVE_INFINITY };
}

const tally = { sent: 0, accepted: 0, rejected: 0, unavailable: 0 };
const hits = traffic();
const started = Date.now();

async function send({ at, type, agent, query }: Hit): Promise<void> {
  const when: Record<string, string> = Number.isFinite(at) ? { timestamp: String(Math.floor(at)) } : {};
  const url = `${values.url}/pixel/${type}?${new URLSearchParams({ ...query, ...when, event_id: crypto.randomUUID() })}`;
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(url, { headers: { "user-agent": agent } }).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.status === 200) tally.accepted++;
    else if (answer?.status === 400) tally.rejected++;
    else if (attempt < 5) {
      await new Promise((done) => setTimeout(done, 1_000 * Number(answer?.headers.get("retry-after") ?? 1)));
      continue;
    } else tally.unavailable++;
    return;
  }
}

async function sender(): Promise<void> {
  while (tally.sent < limit) {
    const { value: hit } = hits.next() as IteratorYieldResult<Hit>;
    tally.sent++;
    await send(hit);
    if (!Number.isFinite(hit.at))
      await new Promise((done) => setTimeout(done, (AT_ONCE / rate) * 1_000 * between(0.5, 1.5)));
  }
}

function progress(): Progress {
  const done = tally.accepted + tally.rejected + tally.unavailable;
  const of = Number.isFinite(limit) ? limit : HISTORY;
  const speed = Math.round(done / ((Date.now() - started) / 1_000 || 1));
  const goal = Number.isFinite(limit)
    ? ` of ${limit.toLocaleString("en")}`
    : done < HISTORY
      ? " (last week)"
      : " (live)";
  const text = `${done.toLocaleString("en")}${goal}, ${speed}/s, accepted ${tally.accepted}, rejected ${tally.rejected}, failed ${tally.unavailable}`;
  return { share: done / of, text };
}

const answering = await fetch(`${values.url}/health`).catch(() => null);
if (!answering) {
  console.error(`Nothing answers at ${values.url}. Start it with npm start, or name another with -- --url.`);
  process.exit(1);
}
console.log(`Sending to ${values.url}; stop with Ctrl+C.`);
const bar = showProgress(progress);
process.on("SIGINT", () => {
  bar.end();
  process.exit(0);
});
await Promise.all(Array.from({ length: AT_ONCE }, sender));
bar.end();
process.exit(tally.unavailable > 0 ? 1 : 0);
