/**
 * `npm run demo`: sends realistic traffic to the running instance, through its public routes, until it is stopped or has sent
 * `--events N`. The first events are in the past, so that the dashboard has something to show; the following ones happen now,
 * at the pace of the days before, and more of them at first. A demo that is started again continues: events that it sends again
 * count once. With an administrator's key it sends a month of visits, sign-ups, payments and play in three apps; without one,
 * a week of the events that pixels can send. `--url` names another instance; with `--rate`, present events are sent at that
 * many a second.
 */
import { fail, readCommand, run, URL_OPTION } from "./command.ts";
import { between } from "./demo/chance.ts";
import { coming, happened, PEOPLE_A_DAY } from "./demo/course.ts";
import { livelyPace, speedometer } from "./demo/pace.ts";
import { DAY, type Hit, HOUR, present } from "./demo/people.ts";
import { bringRates } from "./demo/rates.ts";
import { type Outcome, sendNow, sendPast, type Target } from "./demo/send.ts";
import { silenceIn, storyOf } from "./demo/story.ts";
import { keyFor } from "./instance.ts";
import { type Progress, showProgress } from "./progress.ts";

const { values } = readCommand({
  name: "npm run demo",
  help: "Sends realistic traffic to a running instance, until stopped: the past first, and then as it happens.",
  options: {
    ...URL_OPTION,
    project: { value: "ID", default: "default", help: "the project that it is sent to" },
    events: { value: "N", help: "ends after so many events" },
    rate: { value: "N", help: "sends so many events a second of what happens now" },
  },
});
const limit = values.events === undefined ? Number.POSITIVE_INFINITY : Number(values.events);
const rate = values.rate === undefined ? null : Number(values.rate);
if (!(limit > 0) || (rate !== null && !(rate > 0))) fail("--events and --rate must be numbers above 0.");

const answering = await fetch(`${values.url}/health`).catch(() => null);
if (!answering) fail(`Nothing answers at ${values.url}. Start it with npm start, or name another with -- --url.`);
const { origin: url } = new URL(values.url);
const key = await administratorsKey();
const target: Target = { url, project: values.project, key };
const AT_ONCE = 8;
/** How far back the past reaches, and how many events a request has: a pixel has one. */
const SPAN = (key ? 30 * DAY : 7 * DAY) - HOUR;
const BATCH = key ? 250 : 1;

/** The key, if it is an administrator's key of this instance. */
async function administratorsKey(): Promise<string | undefined> {
  const key = keyFor(new URL(values.url));
  if (!key) return undefined;
  const answer = await fetch(`${url}/api/v1/session`, { headers: { authorization: `Bearer ${key}` } });
  const { role } = (await answer.json().catch(() => ({}))) as { role?: string };
  return role === "admin" ? key : undefined;
}

const canSend = ({ by }: Hit) => by === "pixel" || key !== undefined;

const began = Date.now();
const story = storyOf(began, key ? await silenceIn({ url, key, project: values.project }, began) : null);

/** How many of a limited number of events are in the past, evenly over its days: without a rate, all of them. */
const inThePast = rate === null ? limit : Math.ceil(limit * 0.8);

function* past(): Generator<Hit> {
  const people = Number.isFinite(limit) ? Number.POSITIVE_INFINITY : PEOPLE_A_DAY;
  let given = 0;
  for (const hit of happened(began - SPAN, began, story, people)) {
    if (given >= inThePast) return;
    if (!canSend(hit)) continue;
    given++;
    yield hit;
  }
}
/** Without a limit, all events of the past: few enough to count them before they are sent. */
const month = Number.isFinite(limit) ? null : [...past()];
const historical = month?.length ?? inThePast;

const tally = { sent: 0, accepted: 0, rejected: 0, unavailable: 0 };
const speed = speedometer(Date.now());
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

async function send(hits: Hit[], how: (hits: Hit[]) => Promise<Outcome>): Promise<void> {
  tally.sent += hits.length;
  const outcome = await how(hits);
  for (const name of Object.keys(outcome) as (keyof Outcome)[]) tally[name] += outcome[name];
  speed.add(hits.length, Date.now());
}
const sendLive = (hit: Hit) => send([hit], () => sendNow(target, hit));

function* batchesOf(hits: Iterable<Hit>): Generator<Hit[]> {
  let batch: Hit[] = [];
  for (const hit of hits) {
    batch.push(hit);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function sendHistory(): Promise<void> {
  const batches = batchesOf(month ?? past());
  const sender = async () => {
    for (let next = batches.next(); !next.done; next = batches.next())
      await send(next.value, (all) => sendPast(target, all));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
}

/** Sends the events that follow the past, each at its time. */
async function follow(): Promise<void> {
  for (const hit of coming(began, story)) {
    if (tally.sent >= limit) return;
    if (!canSend(hit)) continue;
    await sleep(Math.max(0, hit.at - Date.now()));
    // Not awaited, so that a slow request does not delay the next one.
    void sendLive(hit);
  }
}

/** Sends further present events, at a pace in events a second, until the pace is 0. */
async function beside(pace: (seconds: number) => number): Promise<void> {
  const since = Date.now();
  const hits = present(story);
  const sender = async () => {
    for (let now = pace(0); now > 0 && tally.sent < limit; now = pace((Date.now() - since) / 1_000)) {
      const hit = hits.next().value;
      if (!canSend(hit)) continue;
      await sendLive(hit);
      await sleep((AT_ONCE / now) * 1_000 * between(0.5, 1.5));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
}

function progress(): Progress {
  const done = tally.accepted + tally.rejected + tally.unavailable;
  const total = Number.isFinite(limit) ? limit : historical;
  const perSecond = speed.perSecond(Date.now());
  const goal = Number.isFinite(limit)
    ? ` of ${limit.toLocaleString("en")}`
    : done < historical
      ? ` (last ${key ? "month" : "week"})`
      : " (live)";
  const text = `${done.toLocaleString("en")}${goal}, ${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s, accepted ${tally.accepted}, rejected ${tally.rejected}, failed ${tally.unavailable}`;
  return { share: done / total, text };
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
await run(async () => {
  try {
    await sendHistory();
    if (rate !== null) await beside(() => rate);
    else if (tally.sent < limit) await Promise.all([follow(), beside(livelyPace)]);
  } finally {
    bar.end();
  }
});
process.exit(tally.unavailable > 0 ? 1 : 0);
