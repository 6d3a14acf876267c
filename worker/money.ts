/**
 * Exact money: a decimal with at most 4 places, held as an integer of 1/10,000 units, never a float.
 * Up to 900 billion units fit into the 2^53 that JavaScript and D1's JSON can carry exactly.
 */
export const UNITS = 10_000;
const LARGEST_WHOLE = 900_000_000_000n;

/** The event types whose amounts are payments: from the player, and back to them. */
export const INCOME = ["purchase", "deposit"] as const;
export const OUTGO = ["refund", "withdrawal"] as const;
export type PaymentType = (typeof INCOME)[number] | (typeof OUTGO)[number];
export const PAYMENT_TYPES: readonly PaymentType[] = [...INCOME, ...OUTGO];

/** `"12.5"` → `125000`. Null for anything that is not such a decimal; a sign or an exponent is none. */
export function parseMoney(text: string): number | null {
  const parts = /^(\d{1,12})(?:\.(\d{1,4}))?$/.exec(text);
  if (!parts) return null;
  const whole = BigInt(parts[1] as string);
  if (whole > LARGEST_WHOLE) return null;
  return Number(whole * BigInt(UNITS) + BigInt((parts[2] ?? "").padEnd(4, "0")));
}

/** `125000` → `"12.50"`: two places at least, four where they are needed. */
export function formatMoney(units: number | bigint): string {
  const value = BigInt(units);
  const magnitude = value < 0n ? -value : value;
  const fraction = (magnitude % BigInt(UNITS))
    .toString()
    .padStart(4, "0")
    .replace(/0{1,2}$/, "");
  return `${value < 0n ? "-" : ""}${magnitude / BigInt(UNITS)}.${fraction}`;
}

/** Rounded to the nearest, half to even. `by` is positive. */
export function divide(number: bigint, by: bigint): bigint {
  const down = number / by - (number % by < 0n ? 1n : 0n);
  const twice = 2n * (number - down * by);
  return twice > by || (twice === by && down % 2n !== 0n) ? down + 1n : down;
}

/** The active codes of ISO 4217 (list one, 2024), metals and test codes left out. The lev is still sent, and has a fixed rate. */
export const CURRENCIES: ReadonlySet<string> = new Set(
  (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD " +
    "CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL " +
    "GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD " +
    "KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO " +
    "NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD " +
    "SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV " +
    "WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
  ).split(" "),
);

/** Codes that were in use after 2000 and no longer are (list three), and RUR, which many still wrote. */
const FORMER =
  "ADP AFA ANG ATS AZM BEF BGL BYB BYR CSD CUC CYP DEM ECS EEK ESP FIM FRF GHC GRD GWP HRK IEP ITL LTL LUF LVL MGF MRO " +
  "MTL MZM NLG PTE ROL RUR SDD SIT SKK SLL SRG STD TJR TMM TPE TRL VEB VEF YUM ZMK ZWD ZWL ZWN ZWR";

/** The currencies that past amounts may have. */
export const PAST_CURRENCIES: ReadonlySet<string> = new Set([...CURRENCIES, ...FORMER.split(" ")]);
