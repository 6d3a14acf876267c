/**
 * URLs of targets to begin with, by which known trackers and ad networks receive conversions, from their documentation.
 * Angle brackets mark what differs between customers. A URL that still contains them is refused.
 *
 * An affiliate's tracker gets the payout; an ad network where traffic is bought gets the amount. Some trackers need a transaction
 * to keep several conversions of one click apart: they get the event's id, which is unique.
 */
import type { METHODS } from "./target.ts";

type Preset = {
  title: string;
  method: (typeof METHODS)[number];
  url: string;
  /** Where the parameters are documented. */
  docs: string;
};

export const TARGET_PRESETS = {
  /** `status` is `sale` where it is absent; `tid` is unique within its click. */
  keitaro: {
    title: "Keitaro",
    method: "GET",
    url: "https://<tracking-domain>/<postback-key>/postback?subid={click_id}&tid={event_id}&payout={payout}&currency={payout_currency}",
    docs: "https://docs.keitaro.io/en/conversions-and-postback/postback.html",
  },
  /** `cnv_status` is any text. */
  binom: {
    title: "Binom",
    method: "GET",
    url: "https://<tracking-domain>/click.php?cnv_id={click_id}&payout={payout}&cnv_currency={payout_currency}&cnv_status={event_type}",
    docs: "https://docs.binom.org/postback-url.php",
  },
  voluum: {
    title: "Voluum",
    method: "GET",
    url: "https://<tracking-domain>/postback?cid={click_id}&payout={payout}&currency={payout_currency}&txid={event_id}",
    docs: "https://doc.voluum.com/article/parameters-in-postback-urls",
  },
  /** `sum` is in the currency of the offer source. */
  redtrack: {
    title: "RedTrack",
    method: "GET",
    url: "https://<tracking-domain>/postback?clickid={click_id}&sum={payout}",
    docs: "https://docs.redtrack.io/knowledgebase/adding-offer-source/",
  },
  bemob: {
    title: "BeMob",
    method: "GET",
    url: "https://<tracking-domain>/postback?cid={click_id}&payout={payout}&txid={event_id}",
    docs: "https://docs.bemob.com/en/postback-settings-of-affiliate-network",
  },
  clickflare: {
    title: "ClickFlare",
    method: "GET",
    url: "https://<tracking-domain>/cf/cv?click_id={click_id}&payout={payout}&txid={event_id}",
    docs: "https://help.clickflare.io/en/tracking/click-flare-parameters-in-postback-urls",
  },
  peerclick: {
    title: "PeerClick",
    method: "GET",
    url: "https://pstb.peerclick.com/postback?cid={click_id}&payout={payout}&currency={payout_currency}&txid={event_id}",
    docs: "https://help-center.peerclick.com/en/articles/10512589",
  },
  /** `name` is how the event is called in Realize. */
  taboola: {
    title: "Taboola",
    method: "GET",
    url: "https://trc.taboola.com/actions-handler/log/3/s2s-action?click-id={click_id}&name=<event-name>&revenue={amount}&currency={currency}&orderid={event_id}",
    docs: "https://developers.taboola.com/pixel/docs/the-postback-url",
  },
  /** The click is the value of `{conversions_tracking}` in the campaign's URL. Its panel shows the domain with the goal. */
  exoclick: {
    title: "ExoClick",
    method: "GET",
    url: "https://<conversion-domain>/tag.php?goal=<goal-id>&tag={click_id}",
    docs: "https://docs.exoclick.com/docs/conversion-tracking-api/",
  },
} as const satisfies Record<string, Preset>;

export const TARGET_PRESET_NAMES = Object.keys(TARGET_PRESETS) as (keyof typeof TARGET_PRESETS)[];

/** What is wrong with a URL that was begun with a preset and not filled in; null where nothing is. No URL has such a bracket. */
export function wrongBlank(template: string): string | null {
  const blank = /<[a-z-]+>/.exec(template)?.[0];
  return blank === undefined ? null : `still has ${blank}: write your own in its place`;
}
