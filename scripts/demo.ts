/**
 * `npm run demo`: realistic traffic to the running instance, through its public routes, until stopped or until
 * `--events N` are sent. The first of it lies in the past, so that there is something to look at; what follows happens
 * now. With an administrator's key at hand it is a month of visits, sign-ups, payments and play in three apps; without
 * one, a week of what pixels may tell. `--url` names another instance. What happens now is lively at first, and settles at
 * the pace of the days before; `--rate` names the events a second instead.
 */
import { parseArgs } from "node:util";
import { between } from "./demo/chance.ts";
import { livePace, speedometer } from "./demo/pace.ts";
import { DAY, type Hit, HOUR, life, present, startInThePast } from "./demo/people.ts";
import { bringRates } from "./demo/rates.ts";
import { type Outcome, sendNow, sendPast, type Target } from "./demo/send.ts";
import { DEFAULT_URL, keyFor } from "./instance.ts";
import { type Progress, showProgress } from "./progress.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: DEFAULT_URL },
    events: { type: "string" },
    rate: { type: "string" },
    project: { type: "string", default: "default" },
  },
});
const limit = values.events === undefined ? Number.POSITIVE_INFINITY : Number(values.events);
const rate = values.rate === undefined ? null : Number(values.rate);
if (!(limit > 0) || (rate !== null && !(rate > 0))) throw new Error("--events and --rate must be numbers above 0");

const answering = await fetch(`${values.url}/health`).catch(() => null);
if (!answering) {
  console.error(`Nothing answers at ${values.url}. Start it with npm start, or name another with -- --url.`);
  process.exit(1);
}
const { origin: url } = new URL(values.url);
const key = await administratorsKey();
const target: Target = { url, project: values.project, key };
const AT_ONCE = 8;
/** How much of the traffic lies in the past, how far back that reaches, and how many go at once: a pixel goes alone. */
const HISTORY =
  rate === null && Number.isFinite(limit) ? limit : Math.min(key ? 12_000 : 3_000, Math.ceil(limit * 0.8));
const SPAN = (key ? 30 * DAY : 7 * DAY) - HOUR;
const BATCH = key ? 250 : 1;

/** The key, if it is an administrator's on this very instance. */
async function administratorsKey(): Promise<string | undefined> {
  const key = keyFor(new URL(values.url));
  if (!key) return undefined;
  const answer = await fetch(`${url}/api/v1/session`, { headers: { authorization: `Bearer ${key}` } });
  const { role } = (await answer.json().catch(() => ({}))) as { role?: string };
  return role === "admin" ? key : undefined;
}

const canSend = ({ by }: Hit) => by === "pixel" || key !== undefined;

/** Of the past, how many lie in its last day: what happens now goes on at that pace. */
let lastDay = 0;

function* past(): Generator<Hit> {
  for (let sent = 0; sent < HISTORY; ) {
    for (const hit of life(startInThePast(Date.now(), SPAN))) {
      if (hit.at >= Date.now() || !canSend(hit) || sent++ >= HISTORY) continue;
      if (hit.at > Date.now() - DAY) lastDay++;
      yield hit;
    }
  }
}

/** What is sent at once, and when. */
type Sending = { hits: Hit[]; live: boolean };

function* sendings(): Generator<Sending, never> {
  let hits: Hit[] = [];
  for (const hit of past()) {
    hits.push(hit);
    if (hits.length < BATCH) continue;
    yield { hits, live: false };
    hits = [];
  }
  if (hits.length > 0) yield { hits, live: false };
  for (const hit of present()) if (canSend(hit)) yield { hits: [hit], live: true };
  throw new Error("people never end");
}

const tally = { sent: 0, accepted: 0, rejected: 0, unavailable: 0 };
const queue = sendings();
const speed = speedometer(Date.now());
/** When the first of what happens now was sent. */
let liveSince: number | null = null;

/** How long each sender waits after a live event, in milliseconds. */
function pause(): number {
  liveSince ??= Date.now();
  const perSecond = rate ?? livePace((Date.now() - liveSince) / 1_000, lastDay / (DAY / 1_000));
  return (AT_ONCE / perSecond) * 1_000 * between(0.5, 1.5);
}

async function sender(): Promise<void> {
  while (tally.sent < limit) {
    const { hits, live } = queue.next().value;
    tally.sent += hits.length;
    const outcome: Outcome = await (live ? sendNow(target, hits[0] as Hit) : sendPast(target, hits));
    for (const name of Object.keys(outcome) as (keyof Outcome)[]) tally[name] += outcome[name];
    speed.add(hits.length, Date.now());
    if (live) await new Promise((done) => setTimeout(done, pause()));
  }
}

function progress(): Progress {
  const done = tally.accepted + tally.rejected + tally.unavailable;
  const of = Number.isFinite(limit) ? limit : HISTORY;
  const perSecond = speed.perSecond(Date.now());
  const goal = Number.isFinite(limit)
    ? ` of ${limit.toLocaleString("en")}`
    : done < HISTORY
      ? ` (last ${key ? "month" : "week"})`
      : " (live)";
  const text = `${done.toLocaleString("en")}${goal}, ${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s, accepted ${tally.accepted}, rejected ${tally.rejected}, failed ${tally.unavailable}`;
  return { share: done / of, text };
}

console.log(`Sending to ${url}${key ? "" : ", through pixels alone"}; stop with Ctrl+C.`);
if (key) {
  const [first, last] = [Date.now() - SPAN - 2 * DAY, Date.now() - DAY].map((at) =>
    new Date(at).toISOString().slice(0, 10),
  );
  const brought = await bringRates({ url, key }, first as string, last as string);
  if (brought > 0) console.log(`Days without exchange rates got made-up ones: ${brought}, with the source "demo".`);
}
const bar = showProgress(progress);
process.on("SIGINT", () => {
  bar.end();
  process.exit(0);
});
await Promise.all(Array.from({ length: AT_ONCE }, sender)).catch((error: unknown) => {
  bar.end();
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
bar.end();
process.exit(tally.unavailable > 0 ? 1 : 0);
