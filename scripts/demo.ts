/**
 * `npm run demo`: realistic traffic to the running instance, through its public routes, until stopped or until
 * `--events N` are sent. The first of it lies in the past, so that there is something to look at; what follows happens
 * now, at the pace of the days before, and livelier at first. Started again it goes on: what it sends a second time counts
 * once. With an administrator's key at hand it is a month of visits, sign-ups, payments and play in three apps; without
 * one, a week of what pixels may tell. `--url` names another instance; `--rate` sends so many events a second of what
 * happens now instead.
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
/** How far back it reaches, and how many go at once: a pixel goes alone. */
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

const began = Date.now();
const story = storyOf(began, key ? await silenceIn({ url, key, project: values.project }, began) : null);

/** Of a limited number so many lie in the past, evenly over its days: all of them where no rate is asked for. */
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
/** Without a limit it is a month, which is short enough to be counted first. */
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

/** What goes on from where the past ends, each at its own time. */
async function follow(): Promise<void> {
  for (const hit of coming(began, story)) {
    if (tally.sent >= limit) return;
    if (!canSend(hit)) continue;
    await sleep(Math.max(0, hit.at - Date.now()));
    // One that takes long holds up none behind it.
    void sendLive(hit);
  }
}

/** What happens beside that: at a pace in events a second, as long as there is one. */
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
