/** The reasons why an event was recognised as a bot's, in words. Pure. */
import { words } from "../words.ts";
export const REASONS: Record<string, { title: string; means: string; colour: string }> = {
  crawler: { title: words.quality.crawler, means: words.quality.itsUserAgentNamesACrawler, colour: "registrations" },
  headless: { title: words.quality.headlessBrowser, means: words.quality.automatedBrowser, colour: "first-deposits" },
  data_centre: {
    title: words.quality.dataCentre,
    means: words.quality.trafficFromADataCentre,
    colour: "series-6",
  },
  prefetch: {
    title: words.quality.prefetched,
    means: words.quality.aBrowserLoadedThePageIn,
    colour: "deposits",
  },
  project_rule: {
    title: words.quality.ruleOfTheProject,
    means: words.quality.itsUserAgentIsInTheProject,
    colour: "series-5",
  },
};
export const reasonOf = (reason: string) => REASONS[reason] ?? { title: reason, means: "", colour: "other" };
