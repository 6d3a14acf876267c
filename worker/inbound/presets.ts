/**
 * Templates to begin with, from public documentation: a network that can send postbacks to one of these trackers can send them
 * to this instance in the same form.
 */
import type { Template } from "./template.ts";

const deposit = { event_type: "deposit", currency: "USD" };

export const PRESETS = {
  /** Our own names for everything: for networks whose postback URL is a template, which most are. */
  generic: {
    fields: {
      click_id: "click_id",
      transaction_id: "transaction_id",
      event_type: "event_type",
      status: "status",
      amount: "amount",
      currency: "currency",
      timestamp: "timestamp",
      player_id: "player_id",
      banner_tag: "banner_tag",
      test: "test",
    },
    defaults: deposit,
    statuses: {},
    amounts: "point",
  },
  /**
   * docs.keitaro.io, "Postback": `subid`, `tid`, `payout`, `currency`, `status` with `sale` where it is absent. A `tid` is
   * unique within its click.
   */
  keitaro: {
    fields: {
      click_id: "subid",
      transaction_id: ["subid", "tid"],
      amount: "payout",
      currency: "currency",
      status: "status",
    },
    defaults: { ...deposit, status: "sale" },
    statuses: {
      lead: { status: "pending" },
      sale: { status: "approved" },
      rebill: { status: "approved" },
      rejected: { status: "rejected" },
    },
    amounts: "point",
  },
  /** doc.voluum.com, "Parameters in Postback URLs": `cid`, `payout`, `currency`, `txid`, which is unique within its click. */
  voluum: {
    fields: { click_id: "cid", transaction_id: ["cid", "txid"], amount: "payout", currency: "currency" },
    defaults: deposit,
    statuses: {},
    amounts: "point",
  },
  /** kuala.com, "Affiliate Postback Tracking", also as JSON: `tid` is the click, `xid` unique within it. */
  kuala: {
    fields: { click_id: "tid", transaction_id: ["tid", "xid"], amount: "payout", "data.offer": "offer" },
    defaults: deposit,
    statuses: {},
    amounts: "point",
  },
} as const satisfies Record<string, Template>;
export type PresetName = keyof typeof PRESETS;
export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];
