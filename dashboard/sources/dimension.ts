/** The fields by which visits can be grouped, such as country, browser or sub-id. Pure. */
import { type Address, FIELD_TITLES } from "../address.ts";
import { words } from "../words.ts";

/** By their names in the API. */
const NAMES: Record<string, string> = {
  country: FIELD_TITLES.country,
  device: FIELD_TITLES.device,
  browser: words.traffic.browser,
  os: words.traffic.operatingSystem,
  app_id: FIELD_TITLES.app_id,
  platform: FIELD_TITLES.platform,
  referrer: words.traffic.referrer,
  landing_page: words.traffic.landingPage,
  s1: words.traffic.subId("s1"),
  s2: words.traffic.subId("s2"),
  s3: words.traffic.subId("s3"),
};

const SUB_ID = /^s[1-9]\d?$/;
const KEY = /^[\w-]{1,64}$/;
const DATA = "data.";

export const dimensionOf = ({ group_by = "country" }: Pick<Address, "group_by">): string => group_by;

/** A key of `data` in the API's form; undefined if the API does not accept it. */
export function byKey(key: string): string | undefined {
  if (key in NAMES || SUB_ID.test(key)) return key === "landing_page" || SUB_ID.test(key) ? key : `${DATA}${key}`;
  return KEY.test(key) ? `${DATA}${key}` : undefined;
}

export const dimensionTitle = (by: string): string =>
  NAMES[by] ?? (SUB_ID.test(by) ? words.traffic.subId(by) : by.slice(DATA.length));

/** The choices: the fields that every project has, the keys that were seen, and the present choice. */
export function choicesOf(seen: readonly string[], chosen: string): Record<string, string> {
  const keys = seen.flatMap((key) => byKey(key) ?? []).sort();
  return Object.fromEntries(
    [...new Set([...Object.keys(NAMES), ...keys, chosen])].map((by) => [by, dimensionTitle(by)]),
  );
}
