/** The questions for both the product and the reference: addresses, by the path of the report. */
import type { GoldenProject } from "./projects.ts";

type Questions = {
  /** Queries that are combined with each period, and complete queries. */
  periods?: string[];
  once?: string[];
  /** Likewise, with a key that is limited to `LIMITED_TO`. */
  limitedPeriods?: string[];
  limitedOnce?: string[];
  /** Values for the parameters of the path. */
  paths?: string[];
  /** Paths with separate queries, if a path does not accept the queries of the others. */
  alone?: string[];
  limitedAlone?: string[];
};

/** All days; a month with both changes of the clocks; the days of the changes; an ordinary day; days before all events. */
const PERIODS = [
  { from: "2025-09-20", to: "2025-11-20" },
  { from: "2025-10-05", to: "2025-11-02" },
  { from: "2025-10-05", to: "2025-10-05" },
  { from: "2025-11-02", to: "2025-11-02" },
  { from: "2025-10-28", to: "2025-10-28" },
  { from: "2025-08-01", to: "2025-08-31" },
];
export const LIMITED_TO = ["affiliate-1", "affiliate-3", "caf\u00e9", " spaced "];

const DIMENSIONS = ["banner_tag", "country", "device", "app_id"];
const PLAYERS = [
  ...Array.from({ length: 6 }, (_, n) => `edge-player-${n}`),
  ...Array.from({ length: 30 }, (_, n) => `player-${n}`),
];
const APPS = ["slots", "Keno 90", "\u{1f3b2} dice"];
const CONVERSIONS = Array.from({ length: 12 }, (_, n) => `e${String((n * 40 * 48_271) % 65_537).padStart(5, "0")}`);
const DAYS = ["2025-10-05", "2025-11-02", "2025-10-28"];
const SERIES = ["registrations", "events", "daily_active_users", "conversion_rate", "revenue", "arpu"];
const SPAN = "startTime=2025-09-20T00:00:00Z&endTime=2025-11-20T00:00:00Z&granularity=day";
/** Two days around each change of the clocks, from the middle of an hour on. */
const HOURS = [
  "startTime=2025-10-04T06:10:00Z&endTime=2025-10-06T06:00:00Z",
  "startTime=2025-11-01T12:40:00Z&endTime=2025-11-03T12:00:01Z",
];

export const QUESTIONS: Record<string, Questions> = {
  "/metrics": {
    periods: [
      "",
      "interval=hour",
      ...DIMENSIONS.flatMap((dimension) => [
        `group_by=${dimension}`,
        `group_by=${dimension}&interval=hour&event_type=visit`,
      ]),
      "banner_tag=affiliate-2",
      "event_type=deposit&banner_tag=__proto__&group_by=country",
      "banner_tag=Brand&banner_tag=affiliate-2",
      "banner_tag_not=affiliate-1&banner_tag_not=Brand",
      "banner_tag_contains=AFFILIATE-1&banner_tag_not=affiliate-12&group_by=banner_tag",
      "country=MT&interval=hour",
      "device=mobile&group_by=banner_tag",
      "app_id=slots&banner_tag=Brand&banner_tag=affiliate-2",
    ],
    limitedPeriods: ["", "group_by=banner_tag", "interval=hour&group_by=device", "country=MT"],
  },
  "/metrics/:name": {
    paths: SERIES.map((name) => `metrics/${name}`),
    once: [
      SPAN,
      `${SPAN}&dimension=banner_tag`,
      ...HOURS.map((hours) => `${hours}&granularity=hour`),
      `${HOURS[1]}&granularity=hour&dimension=app_id`,
      `${SPAN}&banner_tag=Brand`,
      `${SPAN}&app_id=slots`,
      `${HOURS[0]}&granularity=hour&app_id=slots&dimension=banner_tag`,
    ],
    limitedOnce: [SPAN, `${HOURS[0]}&granularity=hour`, `${SPAN}&dimension=banner_tag`],
    // Only by day and by tag.
    alone: ["", "&dimension=banner_tag", "&banner_tag=Brand", "&banner_tag=Brand&banner_tag=affiliate-2"].map(
      (more) => `metrics/first_deposits?${SPAN}${more}`,
    ),
    limitedAlone: ["", "&dimension=banner_tag"].map((more) => `metrics/first_deposits?${SPAN}${more}`),
  },
  "/bots": {
    periods: ["", "by=country"],
    once: ["banner_tag", "device"].map((by) => `from=2025-10-05&to=2025-11-02&by=${by}`),
  },
  "/funnel": {
    periods: [
      "",
      "group_by=banner_tag",
      "by=event_date",
      "by=event_date&group_by=banner_tag",
      "banner_tag=sommer 😀",
      "by=event_date&banner_tag_not=affiliate-1",
    ],
    limitedPeriods: ["", "by=event_date&group_by=banner_tag"],
  },
  "/cohorts": {
    periods: ["", "group_by=banner_tag", "interval=day", "interval=month&banner_tag=Brand"],
    limitedPeriods: ["", "interval=day&group_by=banner_tag"],
  },
  "/campaigns": {
    periods: [
      "",
      "compare=previous",
      "compare=year&sort=banner_tag",
      "sort=-unique_players&banner_tag=Brand",
      "compare=previous&sort=last_event_at",
      "compare=weekday&banner_tag_contains=A",
      "compare=previous&currency=USD",
      "currency=GBP&sort=-amount",
    ],
    limitedPeriods: ["compare=previous", "banner_tag=affiliate-1", "sort=-net_amount"],
  },
  "/traffic": {
    // Each reads the log: for all days, the month with both changes of the clocks, and one day.
    once: [
      "from=2025-09-20&to=2025-11-20&by=s1",
      "from=2025-10-05&to=2025-11-02&by=s2&sort=value",
      "from=2025-10-05&to=2025-11-02&by=landing_page&banner_tag=Brand",
      "from=2025-10-05&to=2025-11-02&by=os&country=MT&banner_tag_not=affiliate-1",
      "from=2025-10-28&to=2025-10-28&by=data.creative&device=mobile",
      "from=2025-10-05&to=2025-10-05&by=country&sort=-amount&currency=USD",
      "from=2025-08-01&to=2025-08-31",
    ],
    limitedOnce: ["from=2025-10-05&to=2025-11-02&by=browser&sort=first_deposits", "from=2025-10-28&to=2025-10-28"],
  },
  "/revenue": {
    periods: [
      "",
      ...["app_id", "platform", "currency", "banner_tag"].map((dimension) => `group_by=${dimension}`),
      "interval=hour&group_by=currency",
      "event_type=refund&interval=hour",
      "banner_tag=Brand",
      "app_id=slots&interval=hour",
      "platform=ios&group_by=banner_tag",
    ],
    limitedPeriods: ["", "group_by=banner_tag"],
  },
  "/ltv": {
    once: [
      "limit=300",
      "segment=dolphin&limit=200",
      "banner_tag=affiliate-2&limit=1000",
      "country=DE&limit=200",
      "app_id=slots",
      "currency=project&limit=1000",
      "currency=JPY&banner_tag=Brand&segment=unknown",
    ],
    limitedOnce: ["limit=30", "currency=EUR"],
  },
  "/kpis": {
    once: [...DAYS.map((date) => `date=${date}`), "date=2025-10-28&banner_tag=Brand", "date=2025-10-28&app_id=slots"],
    limitedOnce: DAYS.map((date) => `date=${date}`),
  },
  "/games/:app_id/leaderboard": {
    paths: APPS.map((app_id) => `games/${encodeURIComponent(app_id)}/leaderboard`),
    once: [
      "period=alltime&limit=1000",
      "period=alltime&limit=5",
      ...DAYS.flatMap((date) => [`date=${date}`, `date=${date}&period=weekly&limit=1000`]),
    ],
  },
  "/players": {
    once: [
      "limit=400",
      "sort=player_id&limit=1000",
      "sort=-first_seen&has_deposit=true&limit=200",
      "banner_tag=Brand",
      "segment=whale&limit=50",
      "sort=-spend_usd&limit=1000",
      "spend_from=20&spend_to=150.5&sort=-first_tag&limit=1000",
      "country=DE&device=mobile&limit=1000",
      "from=2025-10-05&to=2025-10-12",
      "search=player-1&sort=first_seen&limit=1000",
      ...["visit", "registration", "first_deposit", "repeat_deposit"].map(
        (step) => `funnel_step=${step}&from=2025-10-05&to=2025-10-28&limit=1000`,
      ),
      "funnel_step=first_deposit&banner_tag=Brand",
    ],
  },
  "/players/:player_id": { paths: PLAYERS.map((player_id) => `players/${player_id}`), once: [""] },
  "/players/:player_id/stats": { paths: PLAYERS.map((player_id) => `players/${player_id}/stats`), once: [""] },
  "/statements": {
    once: ["month=2025-09", "month=2025-10", "month=2025-11", "month=2025-10&banner_tag=Brand"],
    limitedOnce: ["month=2025-10"],
  },
  "/conversions": {
    once: [
      "from=2025-09-01&to=2025-11-30&limit=1000",
      "from=2025-10-05&to=2025-11-02&reason=flagged&limit=1000",
      "from=2025-10-05&to=2025-11-02&status=approved&event_type=deposit&banner_tag=affiliate-1&limit=1000",
    ],
    limitedOnce: ["from=2025-10-05&to=2025-11-02&limit=1000"],
  },
  "/conversions/:event_id": { paths: CONVERSIONS.map((event_id) => `conversions/${event_id}`), once: [""] },
  "/profiles": { once: ["limit=300"] },
  "/reports": { once: ["limit=25", "type=weekly&limit=5", "type=monthly"] },
};

/** Reports without figures to compare: the log's events unchanged, one event of that list, and an estimate. */
export const NOT_ASKED = [
  "/players/:player_id/events",
  "/events",
  "/events/:event_id",
  "/reports/:report_id",
  "/anomalies",
];

/** Addresses about one project. */
export function questions(path: string, { project_id }: GoldenProject, limited: boolean): string[] {
  const asked = QUESTIONS[path] ?? {};
  const { paths = [path.slice(1)], periods, once, limitedPeriods, limitedOnce } = asked;
  const dated = (limited ? limitedPeriods : periods) ?? [];
  const queries = [
    ...PERIODS.flatMap((period) => dated.map((query) => ({ query, period }))),
    ...((limited ? limitedOnce : once) ?? []).map((query) => ({ query, period: {} })),
  ];
  const addressOf = (at: string, period: object) => {
    const url = new URL(`https://golden.example/api/v1/${at}`);
    for (const [name, value] of Object.entries({ project_id, ...period })) url.searchParams.set(name, value);
    return `${url.pathname}${url.search}`;
  };
  return [
    ...paths.flatMap((at) => queries.map(({ query, period }) => addressOf(`${at}?${query}`, period))),
    ...((limited ? asked.limitedAlone : asked.alone) ?? []).map((at) => addressOf(at, {})),
  ];
}
