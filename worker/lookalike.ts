/**
 * Other products' names for our fields: affiliate networks, GA4, Segment, PostHog, AppsFlyer and
 * Adjust, from their public documentation. Names are compared without case and without separators between words. If several
 * names of a field were sent, the first in its row counts.
 */
export const LOOKALIKES = {
  event_type: "event eventname type name action eventtoken activitykind goal en",
  event_id: "messageid uuid insertid eventuuid",
  player_id:
    "userid uid player customerid customer accountid account username distinctid customeruserid externaluserid user",
  visitor_id:
    "anonymousid clientid deviceid userpseudoid appinstanceid appsflyerid adid gpsadid idfa idfv advertisingid cid waid fbp",
  banner_tag:
    "tag banner bannertag campaign campaignid affid affiliate affiliateid source utmcampaign mediasource tracker trackername aff pid",
  app_id: "app appname bundleid packagename apptoken game",
  session_id: "gasessionid session sid",
  amount:
    "payout sum value revenue price total depositamount eventrevenue afrevenue revenuefloat grossrevenue price commission eventrevenueusd eventvalueinusd",
  currency: "cur curr ccy currencycode payoutcurrency eventrevenuecurrency afcurrency",
  click_id: "click cid subid sub1 affsub tid gclid fbclid ttclid msclkid externalid afclickid",
  transaction_id: "txid transaction orderid order txn aforderid receiptid aftransactionid checkoutid",
  timestamp: "time ts eventtime originaltimestamp timestampmicros eventtimestamp createdat date installtime",
} as const satisfies Record<string, string>;
export type Lookalike = keyof typeof LOOKALIKES;

/** `Order ID`, `orderId` and `order_id` are one name. */
export const bare = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

const BY_FIELD: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(LOOKALIKES).map(([field, names]) => [field, [bare(field), ...names.split(" ")]]),
);

/** The place of a name among the names of a field: a lower one is more likely; null where it is none of them. */
export function likeness(name: string, field: Lookalike): number | null {
  const place = BY_FIELD[field]?.indexOf(bare(name)) ?? -1;
  return place === -1 ? null : place;
}

const ALL: ReadonlySet<string> = new Set(Object.values(BY_FIELD).flat());
/** Whether it is the name of a field, ours or another product's. */
export const isFieldName = (text: string): boolean => ALL.has(bare(text));

/** What other products call the built-in types of events. */
const OTHER_TYPE_NAMES = {
  visit: "pageview page pageviewed pagevisited pageload screenview screen viewpage",
  registration:
    "signup signedup usersignedup completeregistration afcompleteregistration registered accountcreated register",
  deposit: "ftd firstdeposit deposited depositcompleted afdeposit affirstdeposit firsttimedeposit",
  install: "firstopen applicationinstalled appinstalled installed appinstall",
  purchase:
    "ordercompleted orderpaid afpurchase inapppurchase checkoutcompleted purchased transactioncompleted iap completepayment paymentcompleted",
  auth: "login aflogin loggedin signedin signin userloggedin",
  player_score: "postscore scoreposted afpostscore",
  level_up: "levelup levelachieved aflevelachieved leveledup",
  achievement_unlocked: "unlockachievement afachievementunlocked achievementunlocked",
  quest_completed: "questcomplete questcompleted missioncompleted",
  boss_defeated: "bossdefeated bosskilled",
  withdrawal: "withdraw withdrawn cashout",
  refund: "orderrefunded refunded afrefund",
} as const satisfies Record<string, string>;
const TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries(OTHER_TYPE_NAMES).flatMap(([type, names]) => names.split(" ").map((name) => [name, type] as const)),
);

/** The built-in type that another product calls by this name; undefined where there is none, or the name is ours. */
export function typeByOtherName(name: string): string | undefined {
  const type = TYPES.get(bare(name));
  return type === name ? undefined : type;
}
