/** What is asked of the product and of the reference alike: addresses, for each project. */
import type { GoldenProject } from "./projects.ts";

/** All of it; a month over both changes of the clocks; the days on which they change; an ordinary day; before it all. */
const PERIODS = [
  { from: "2025-09-20", to: "2025-11-20" },
  { from: "2025-10-05", to: "2025-11-02" },
  { from: "2025-10-05", to: "2025-10-05" },
  { from: "2025-11-02", to: "2025-11-02" },
  { from: "2025-10-28", to: "2025-10-28" },
  { from: "2025-08-01", to: "2025-08-31" },
];

/** Reports about a period, with their parameters. */
const BY_PERIOD = [
  "metrics",
  "metrics?interval=hour",
  ...["banner_tag", "country", "device", "app_id"].flatMap((dimension) => [
    `metrics?group_by=${dimension}`,
    `metrics?group_by=${dimension}&interval=hour&event_type=visit`,
  ]),
  "metrics?banner_tag=affiliate-2",
  "metrics?event_type=deposit&banner_tag=__proto__&group_by=country",
  "bots",
  "funnel",
  "funnel?group_by=banner_tag",
  "funnel?by=event_date",
  "funnel?by=event_date&group_by=banner_tag",
  "funnel?banner_tag=sommer 😀",
  "campaigns",
  "campaigns?compare=previous",
  "campaigns?compare=year&sort=banner_tag",
  "campaigns?sort=-unique_players&banner_tag=Brand",
];

/** Likewise, asked with a key that is limited to these tags. */
export const LIMITED_TO = ["affiliate-1", "affiliate-3", "caf\u00e9", " spaced "];
const BY_PERIOD_LIMITED = [
  "metrics",
  "metrics?group_by=banner_tag",
  "metrics?interval=hour&group_by=device",
  "funnel",
  "funnel?by=event_date&group_by=banner_tag",
  "campaigns?compare=previous",
  "campaigns?banner_tag=affiliate-1",
];

const address = (path: string, given: Record<string, string>): string => {
  const url = new URL(`https://golden.example/api/v1/${path}`);
  for (const [name, value] of Object.entries(given)) url.searchParams.set(name, value);
  return `${url.pathname}${url.search}`;
};

export function questions({ project_id }: GoldenProject, limited: boolean): string[] {
  return PERIODS.flatMap((period) =>
    (limited ? BY_PERIOD_LIMITED : BY_PERIOD).map((path) => address(path, { project_id, ...period })),
  );
}
