/** The three projects of the golden data, and the 60 days that it covers. */

export type GoldenProject = {
  project_id: string;
  timezone: string;
  currency: string;
  attribution_days: number;
  /** The share that NGR leaves out; absent for a project without one. */
  ngr_deduction_percent?: number;
  /** People who begin to come within the 60 days; the events follow from them. */
  people: number;
};

/** Both are instants, so the projects' first and last days are cut off by their time zones. */
export const FROM = Date.parse("2025-09-21T00:00:00Z");
export const END = Date.parse("2025-11-20T00:00:00Z");

/** Clocks go back in New York on 2025-11-02, a day of 25 hours, and forward in Sydney on 2025-10-05, one of 23. */
export const PROJECTS: readonly GoldenProject[] = [
  {
    project_id: "golden-york",
    timezone: "America/New_York",
    currency: "EUR",
    attribution_days: 30,
    ngr_deduction_percent: 17.25,
    people: 1_700,
  },
  { project_id: "golden-sydney", timezone: "Australia/Sydney", currency: "JPY", attribution_days: 7, people: 1_150 },
  { project_id: "golden-utc", timezone: "UTC", currency: "KWD", attribution_days: 2, people: 700 },
];
