/** The payout rules of the golden projects: the product and the reference both follow these. */

export type GoldenTerms = {
  event_type: string;
  currency: string;
  first_deposit: boolean;
  /** In 1/10,000 units, as `amount`; shares in 1/10,000 of a percent. */
  min_amount: number | null;
  amount: number | null;
  share: number | null;
  tiers_by: "number" | "sum" | null;
  tiers: { from: number; amount: number | null; share: number | null }[];
  cap_day: number | null;
  cap_month: number | null;
  hold_days: number | null;
};
export type GoldenClickTerms = {
  kind: "too_fast" | "too_late" | "same_network" | "velocity";
  event_type: string | null;
  seconds: number;
  conversions: number | null;
};
/** A version of a rule; the versions of one rule are in chronological order. */
export type GoldenRule<Terms> = {
  id: string;
  name: string;
  banner_tags: string[] | null;
  valid_from: string;
  terms: Terms | null;
  /** Rules that are made after the statements were read once. */
  later?: true;
};

const NOTHING: GoldenTerms = {
  event_type: "deposit",
  currency: "EUR",
  first_deposit: false,
  min_amount: null,
  amount: null,
  share: null,
  tiers_by: null,
  tiers: [],
  cap_day: null,
  cap_month: null,
  hold_days: null,
};
const REGISTRATIONS: GoldenTerms = {
  ...NOTHING,
  event_type: "registration",
  amount: 100_000,
  hold_days: 14,
  cap_day: 3,
};
const SHARED: GoldenTerms = {
  ...NOTHING,
  min_amount: 50_000,
  share: 250_000,
  tiers_by: "number",
  tiers: [
    { from: 3, amount: 20_000, share: null },
    { from: 8, amount: 35_000, share: 300_000 },
  ],
};
const SUMS: GoldenTerms = {
  ...NOTHING,
  currency: "USD",
  amount: 12_345,
  tiers_by: "sum",
  tiers: [{ from: 500_000, amount: 23_456, share: null }],
  hold_days: 3,
  cap_month: 40,
};

export const PAYOUT_RULES: readonly GoldenRule<GoldenTerms>[] = [
  { id: "1-all", name: "Registrations", banner_tags: null, valid_from: "2025-09-01", terms: REGISTRATIONS },
  { id: "2-sums", name: "Deposits", banner_tags: null, valid_from: "2025-09-25", terms: SUMS },
  { id: "3-own", name: "Partners", banner_tags: ["affiliate-1", "Brand"], valid_from: "2025-09-01", terms: SHARED },
  {
    id: "3-own",
    name: "Partners",
    banner_tags: ["affiliate-1", "Brand", "affiliate-3"],
    valid_from: "2025-10-15",
    terms: { ...SHARED, share: 200_000 },
  },
  {
    id: "2-sums",
    name: "First deposits",
    banner_tags: null,
    valid_from: "2025-10-10",
    terms: { ...SUMS, first_deposit: true, amount: 70_000 },
    later: true,
  },
];
export const CLICK_RULES: readonly GoldenRule<GoldenClickTerms>[] = [
  {
    id: "1-fast",
    name: "Fast",
    banner_tags: null,
    valid_from: "2025-09-01",
    terms: { kind: "too_fast", event_type: "registration", seconds: 60, conversions: null },
  },
  {
    id: "2-late",
    name: "Late",
    banner_tags: ["affiliate-1", "affiliate-2"],
    valid_from: "2025-09-01",
    terms: { kind: "too_late", event_type: null, seconds: 86_400, conversions: null },
  },
  {
    id: "3-often",
    name: "Often",
    banner_tags: null,
    valid_from: "2025-10-01",
    terms: { kind: "velocity", event_type: "deposit", seconds: 6 * 3_600, conversions: 4 },
  },
  {
    id: "4-near",
    name: "Near",
    banner_tags: null,
    valid_from: "2025-10-20",
    terms: { kind: "same_network", event_type: "registration", seconds: 3 * 86_400, conversions: 4 },
  },
  {
    id: "1-fast",
    name: "Fast",
    banner_tags: null,
    valid_from: "2025-10-01",
    terms: { kind: "too_fast", event_type: "registration", seconds: 600, conversions: null },
    later: true,
  },
];

/** Later decisions and corrections, by the project's event. */
export type GoldenChange = {
  project_id: string;
  event_id: string;
  status: "approved" | "refunded" | null;
  amount: number | null;
  currency: string | null;
};
