/** Why an event was taken for a bot's, in words. Pure. */
export const REASONS: Record<string, { title: string; means: string; colour: string }> = {
  crawler: { title: "Crawler", means: "Its user agent names a crawler", colour: "registrations" },
  headless: { title: "Headless browser", means: "Automated browser", colour: "first-deposits" },
  data_centre: {
    title: "Data centre",
    means: "Traffic from a data centre",
    colour: "series-6",
  },
  prefetch: {
    title: "Prefetched",
    means: "A browser loaded the page in case it is visited",
    colour: "deposits",
  },
  project_rule: { title: "Rule of the project", means: "Its user agent is in the project's list", colour: "series-5" },
};
export const reasonOf = (reason: string) => REASONS[reason] ?? { title: reason, means: "", colour: "other" };
