/**
 * The exports of other trackers by name, with the field for each column. Columns may be absent from a report; options of the
 * command line override a preset. `known` are columns by which a file is recognised.
 */

export type Preset = {
  title: string;
  known: readonly string[];
  /** A field and its columns; the first column with a value in the line counts. */
  columns: readonly (readonly [field: string, ...columns: string[]])[];
  /** A field and its value for lines without one. */
  constants?: readonly (readonly [field: string, value: string])[];
  /** The program's words for event types. */
  types?: readonly (readonly [word: string, type: string])[];
  /** Conditions; each applies where the report has its column. */
  where?: readonly string[];
  /** The time zone of times that name none, where the program defines it. */
  timezone?: string;
};

/** Event names that AppsFlyer recommends to its customers. */
const APPSFLYER_TYPES = [
  ["af_purchase", "purchase"],
  ["af_complete_registration", "registration"],
  ["af_login", "auth"],
  ["af_level_achieved", "level_up"],
  ["af_achievement_unlocked", "achievement_unlocked"],
] as const;

export const PRESETS: Readonly<Record<string, Preset>> = {
  keitaro: {
    title: "Keitaro, conversions log",
    known: ["Sub ID", "TID", "Revenue"],
    columns: [
      ["player_id", "Sub ID"],
      ["click_id", "Sub ID"],
      ["transaction_id", "TID"],
      ["timestamp", "Postback datetime"],
      ["amount", "Revenue"],
      ["banner_tag", "Sub ID 1"],
      ["country", "Country code"],
    ],
    constants: [["event_type", "deposit"]],
    // A lead is not confirmed yet, and a rejected sale does not count.
    where: ["Status=sale", "Status=rebill"],
  },
  voluum: {
    title: "Voluum, conversions report",
    known: ["Click ID", "Postback timestamp"],
    columns: [
      ["player_id", "Click ID"],
      ["click_id", "Click ID"],
      ["transaction_id", "Transaction ID"],
      ["timestamp", "Postback timestamp"],
      ["amount", "Revenue"],
      ["currency", "Currency"],
      ["banner_tag", "Campaign"],
      ["country", "Country code"],
    ],
    constants: [["event_type", "deposit"]],
    where: ["Click ID!=Total"],
  },
  "voluum-api": {
    title: "Voluum, conversions by its API",
    known: ["clickId", "postbackTimestamp"],
    columns: [
      ["player_id", "clickId"],
      ["click_id", "clickId"],
      ["transaction_id", "transactionId"],
      ["timestamp", "postbackTimestamp"],
      ["amount", "revenue"],
      ["banner_tag", "campaignName"],
      ["country", "countryCode"],
      ["source_ip", "ip"],
      ["user_agent", "userAgent"],
    ],
    constants: [["event_type", "deposit"]],
  },
  everflow: {
    title: "Everflow, conversions report",
    known: ["conversion_id", "conversion_unix_timestamp"],
    columns: [
      ["event_id", "conversion_id"],
      ["player_id", "transaction_id"],
      ["click_id", "transaction_id"],
      ["transaction_id", "order_id", "conversion_id"],
      ["timestamp", "conversion_unix_timestamp"],
      ["amount", "revenue"],
      ["currency", "currency_id"],
      ["banner_tag", "sub1"],
      ["source_ip", "conversion_user_ip"],
      ["user_agent", "http_user_agent"],
      ["country", "country"],
    ],
    constants: [["event_type", "deposit"]],
    where: ["status=approved"],
  },
  appsflyer: {
    title: "AppsFlyer, raw data of its Export page and Pull API",
    known: ["AppsFlyer ID", "Event Name", "Event Time"],
    columns: [
      ["event_type", "Event Name"],
      ["player_id", "Customer User ID"],
      ["visitor_id", "AppsFlyer ID"],
      ["timestamp", "Event Time"],
      ["amount", "Event Revenue"],
      ["currency", "Event Revenue Currency"],
      ["transaction_id", "Event Value.af_order_id"],
      ["banner_tag", "Campaign"],
      ["app_id", "App ID"],
      ["app_version", "App Version"],
      ["platform", "Platform"],
      ["country", "Country Code"],
      ["source_ip", "IP"],
      ["user_agent", "User Agent"],
    ],
    types: APPSFLYER_TYPES,
    timezone: "UTC",
  },
  "appsflyer-locker": {
    title: "AppsFlyer, raw data of its Data Locker",
    known: ["appsflyer_id", "event_name", "event_time"],
    columns: [
      ["event_type", "event_name"],
      ["player_id", "customer_user_id"],
      ["visitor_id", "appsflyer_id"],
      ["timestamp", "event_time"],
      ["amount", "event_revenue"],
      ["currency", "event_revenue_currency"],
      ["transaction_id", "event_value.af_order_id"],
      ["banner_tag", "campaign"],
      ["app_id", "app_id"],
      ["app_version", "app_version"],
      ["platform", "platform"],
      ["country", "country_code"],
      ["source_ip", "ip"],
      ["user_agent", "user_agent"],
    ],
    types: APPSFLYER_TYPES,
    timezone: "UTC",
  },
  adjust: {
    title: "Adjust, CSV uploads to storage",
    known: ["{adid}", "{activity_kind}", "{created_at}"],
    columns: [
      ["event_type", "{event_name}", "{activity_kind}"],
      ["visitor_id", "{adid}"],
      ["timestamp", "{created_at}"],
      // {revenue} is in cents.
      ["amount", "{revenue_float}"],
      ["currency", "{currency}"],
      ["banner_tag", "{campaign_name}"],
      ["app_id", "{app_id}"],
      ["app_version", "{app_version}"],
      ["platform", "{os_name}"],
      ["country", "{country}"],
      ["source_ip", "{ip_address}"],
      ["user_agent", "{user_agent}"],
    ],
    timezone: "UTC",
  },
  branch: {
    title: "Branch, daily and custom exports",
    known: ["name", "timestamp", "user_data_developer_identity"],
    columns: [
      ["event_id", "id"],
      ["event_type", "name"],
      ["player_id", "user_data_developer_identity"],
      ["visitor_id", "user_data_aaid", "user_data_idfv"],
      ["timestamp", "timestamp"],
      ["amount", "event_data_revenue"],
      ["currency", "event_data_currency"],
      ["transaction_id", "event_data_transaction_id"],
      ["banner_tag", "last_attributed_touch_data_tilde_campaign"],
      ["platform", "user_data_platform"],
      ["app_version", "user_data_app_version"],
      ["country", "user_data_geo_country_code"],
      ["source_ip", "user_data_ip"],
      ["user_agent", "user_data_user_agent"],
    ],
    types: [
      ["INSTALL", "install"],
      ["PURCHASE", "purchase"],
      ["COMPLETE_REGISTRATION", "registration"],
      ["LOGIN", "auth"],
      ["ACHIEVE_LEVEL", "level_up"],
      ["UNLOCK_ACHIEVEMENT", "achievement_unlocked"],
      ["OPEN", "open"],
      ["REINSTALL", "reinstall"],
    ],
    timezone: "UTC",
  },
  singular: {
    title: "Singular, events of its data destinations",
    known: ["adjusted_timestamp", "name", "converted_revenue"],
    columns: [
      ["event_type", "name"],
      ["player_id", "custom_user_id"],
      ["visitor_id", "device_id"],
      ["timestamp", "adjusted_timestamp_unix_utc", "adjusted_timestamp"],
      ["amount", "converted_revenue"],
      ["currency", "converted_currency"],
      ["banner_tag", "campaign_name"],
      ["app_id", "app_longname"],
      ["app_version", "app_version"],
      ["platform", "platform"],
      ["country", "country"],
      ["source_ip", "ip"],
    ],
    types: [
      ["__iap__", "purchase"],
      ["sng_complete_registration", "registration"],
      ["sng_login", "auth"],
      ["sng_level_achieved", "level_up"],
    ],
    timezone: "UTC",
  },
};

export const PRESET_NAMES = Object.keys(PRESETS);

/** The preset whose columns a file has, if any. */
export const presetFor = (columns: ReadonlySet<string>): string | undefined =>
  PRESET_NAMES.find((name) => PRESETS[name]?.known.every((column) => columns.has(column)));
