/** The people of the demo: where they come from, how many of them register, come back, play and pay. */
import { between, chance, newId, pick, pickShared, whole } from "./chance.ts";

const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** An event of the demo. Those by `server` cannot be sent by a pixel. */
export type Hit = {
  at: number;
  by: "pixel" | "server";
  agent: string;
  country: string;
  /** The IP address of the sender, where it matters; only an import can contain it. */
  network?: string;
  fields: { event_id: string; event_type: string; [field: string]: unknown };
};

/** The campaign that falls silent and the one that cheats, and since when, in epoch milliseconds. */
export type Story = { silent: { tag: string; since: number }; cheating: { tag: string; since: number } };

/** Campaigns, with their share of the traffic and how well it converts. */
const CAMPAIGNS = [
  { tag: "search-brand", share: 0.3, registers: 0.16 },
  { tag: "aff-north", share: 0.25, registers: 0.12 },
  { tag: "aff-south", share: 0.18, registers: 0.09 },
  { tag: "social-summer", share: 0.12, registers: 0.04 },
  { tag: "newsletter", share: 0.08, registers: 0.2 },
  { tag: "aff-west", share: 0.04, registers: 0.05 },
  { tag: "display-retarget", share: 0.03, registers: 0.02 },
];
const AGENTS = [
  {
    share: 0.34,
    platform: "ios",
    agent:
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
  },
  {
    share: 0.3,
    platform: "android",
    agent:
      "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
  },
  {
    share: 0.22,
    platform: "web",
    agent:
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  },
  {
    share: 0.1,
    platform: "web",
    agent:
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
  },
  {
    share: 0.04,
    platform: "web",
    agent:
      "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
  },
];
/** One person in a hundred is this crawler. */
const CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const COUNTRIES = [
  { share: 0.18, country: "DE", currency: "EUR" },
  { share: 0.32, country: "US", currency: "USD" },
  { share: 0.1, country: "GB", currency: "GBP" },
  { share: 0.16, country: "BR", currency: "USD" },
  { share: 0.12, country: "CA", currency: "USD" },
  { share: 0.06, country: "FI", currency: "EUR" },
  { share: 0.06, country: "SE", currency: "SEK" },
];
const DEPOSITS = ["10", "20", "20", "25", "50", "50", "100", "250.50"];
const LARGE_DEPOSITS = ["500", "750.25", "1000", "2500"];
const PACKS = ["0.99", "1.99", "1.99", "4.99", "4.99", "9.99", "19.99"];

type Person = {
  visitor_id: string;
  player_id: string;
  campaign: (typeof CAMPAIGNS)[number];
  device: (typeof AGENTS)[number];
  home: (typeof COUNTRIES)[number];
  /** The apps that the person uses, mostly the first. */
  apps: ("lucky-reels" | "royal-tables" | "gem-quest")[];
  /** The probability that the person comes back on the next day. */
  loyalty: number;
  deposits: boolean;
  whale: boolean;
  level: number;
};

function somebody(): Person {
  return {
    visitor_id: newId(),
    player_id: `player-${newId().slice(0, 8)}`,
    campaign: pickShared(CAMPAIGNS),
    device: pickShared(AGENTS),
    home: pickShared(COUNTRIES),
    apps: pick([
      ["lucky-reels"],
      ["lucky-reels", "gem-quest"],
      ["royal-tables", "lucky-reels"],
      ["gem-quest"],
    ] as const).slice(),
    loyalty: between(0.1, 0.9),
    deposits: chance(0.55),
    whale: chance(0.03),
    level: 1,
  };
}

/** People who have registered, and may come back while the demo runs. */
const players: Person[] = [];
const REMEMBERED = 500;

const hit = (
  { visitor_id, device, home }: Person,
  at: number,
  by: Hit["by"],
  event_type: string,
  more: Record<string, unknown> = {},
): Hit => ({
  at: Math.floor(at),
  by,
  agent: device.agent,
  country: home.country,
  fields: { event_id: newId(), event_type, visitor_id, ...more },
});
const ofPlayer = (person: Person, at: number, event_type: string, more: Record<string, unknown> = {}): Hit =>
  hit(person, at, "server", event_type, { player_id: person.player_id, platform: person.device.platform, ...more });
const paid = ({ home }: Person, amount: string) => ({
  amount,
  currency: home.currency,
  transaction_id: newId(),
});

function deposit(person: Person, at: number): Hit {
  const amount = pick(person.whale ? LARGE_DEPOSITS : DEPOSITS);
  const { tag } = person.campaign;
  return hit(person, at, "pixel", "deposit", {
    player_id: person.player_id,
    banner_tag: tag,
    ...paid(person, amount),
  });
}

/** The events of a person who plays for a while. */
function* session(person: Person, start: number): Generator<Hit> {
  const app_id = person.apps[chance(0.75) ? 0 : person.apps.length - 1];
  const session_id = newId();
  let at = start;
  const event = (event_type: string, more: Record<string, unknown> = {}) => {
    at += between(5_000, 3 * MINUTE);
    return ofPlayer(person, at, event_type, { app_id, session_id, ...more });
  };
  if (chance(0.3)) yield event("auth", { data: { email: `${person.player_id}@players.example`, method: "password" } });
  if (app_id !== "gem-quest") {
    for (let spins = whole(2, 7); spins > 0; spins--) {
      const bet = pick([10, 20, 50, 100]);
      yield event("spin", { data: { bet, win: chance(0.3) ? bet * whole(1, 8) : 0 } });
    }
  }
  if (app_id !== "lucky-reels" || chance(0.3)) yield event("player_score", { score: whole(20, 900) });
  if (app_id === "gem-quest") {
    if (chance(0.4)) yield event("level_up", { data: { level: ++person.level } });
    if (chance(person.whale ? 0.8 : 0.2)) {
      const purchase = event("purchase", paid(person, pick(person.whale ? PACKS.slice(-2) : PACKS)));
      yield purchase;
      const { amount, currency, transaction_id } = purchase.fields;
      if (chance(0.04)) yield event("refund", { amount, currency, transaction_id });
    }
  }
}

/** A silent campaign brings no visits, neither first nor later ones. Its people play and pay as before. */
const isSilent = ({ tag }: Person["campaign"], at: number, { silent }: Story) =>
  tag === silent.tag && at >= silent.since;

/** A person who comes back plays; some deposit, few withdraw. */
function* comeBack(person: Person, start: number, story: Story): Generator<Hit> {
  if (chance(0.4) && !isSilent(person.campaign, start, story))
    yield hit(person, start, "pixel", "visit", { banner_tag: person.campaign.tag });
  const pays = person.deposits && chance(person.whale ? 0.6 : 0.22);
  if (pays) yield deposit(person, start + between(MINUTE, 10 * MINUTE));
  yield* session(person, start + 10 * MINUTE);
  if (pays && chance(0.2)) {
    const amount = pick(person.whale ? ["400", "900.75"] : ["15", "40", "120.25"]);
    yield ofPlayer(person, start + 2 * HOUR, "withdrawal", paid(person, amount));
  }
}

/** The events of a person, from the first visit on, over the following month. */
export function* life(start: number, story: Story): Generator<Hit> {
  const person = somebody();
  const { campaign, player_id, loyalty } = person;
  const banner_tag = campaign.tag;
  let at = start;
  if (isSilent(campaign, at, story)) return;
  if (chance(0.01)) {
    yield { ...hit(person, at, "pixel", "visit", { banner_tag }), agent: CRAWLER };
    return;
  }
  yield hit(person, at, "pixel", "visit", { banner_tag });
  if (chance(0.3)) {
    at += between(MINUTE, 20 * MINUTE);
    yield hit(person, at, "pixel", "visit", { banner_tag });
  }
  if (!chance(campaign.registers)) {
    const again = at + whole(1, 5) * DAY;
    if (chance(0.1) && !isSilent(campaign, again, story)) yield hit(person, again, "pixel", "visit", { banner_tag });
    return;
  }
  at += between(MINUTE, 30 * MINUTE);
  yield hit(person, at, "pixel", "registration", { player_id, banner_tag });
  if (at < Date.now()) players.push(person);
  if (players.length > REMEMBERED) players.shift();
  if (person.apps.includes("gem-quest") && person.device.platform !== "web")
    yield ofPlayer(person, at + MINUTE, "install", { app_id: "gem-quest", app_version: "2.4.1" });
  if (person.deposits) yield deposit(person, at + between(2 * MINUTE, 3 * HOUR));
  yield* session(person, at + between(5 * MINUTE, 30 * MINUTE));
  for (let day = 1; day <= 30; day++) {
    if (chance(loyalty / day ** 0.6)) yield* comeBack(person, at + day * DAY + between(-4 * HOUR, 4 * HOUR), story);
  }
}

/** A person who is not genuine: has these events within a second, and never any other. */
export function impostor(
  at: number,
  banner_tag: string,
  types: readonly string[],
  { network, agent }: { network?: string; agent?: string },
): Hit[] {
  const person = somebody();
  const known = types.includes("registration") ? { player_id: person.player_id } : {};
  return types.map((event_type, n) => ({
    ...hit(person, at + n * 400, "pixel", event_type, { banner_tag, ...(event_type !== "visit" && known) }),
    ...(network !== undefined && { network }),
    ...(agent !== undefined && { agent }),
  }));
}

/** Milliseconds from midnight: more by day than by night. */
export function momentOfDay(): number {
  for (;;) {
    const at = between(0, DAY);
    if (chance(0.35 + 0.65 * Math.sin((Math.PI * (at / HOUR)) / 24))) return at;
  }
}

/** Further present events, without an end: of new people, and of players who come back. */
export function* present(story: Story): Generator<Hit, never> {
  for (;;) {
    const now = Date.now();
    const known = chance(0.4) ? players[whole(0, players.length - 1)] : undefined;
    for (const one of known ? comeBack(known, now, story) : life(now, story)) if (one.at < now + 4 * HOUR) yield one;
  }
}
