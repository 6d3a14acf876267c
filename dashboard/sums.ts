/** Sums of decimals, exact and without floats. Pure. */

/** Amounts have at most four places. */
const PLACES = 4;

const unitsOf = (amount: string): bigint => {
  const [whole = "0", fraction = ""] = amount.split(".");
  return BigInt(whole + fraction.padEnd(PLACES, "0"));
};

/** The sum of decimals, as a decimal. */
export function sumOf(amounts: readonly string[]): string {
  const units = amounts.reduce((sum, amount) => sum + unitsOf(amount), 0n);
  const digits = String(units < 0n ? -units : units).padStart(PLACES + 1, "0");
  const fraction = digits.slice(-PLACES).replace(/0{1,2}$/, "");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -PLACES)}.${fraction}`;
}

type Amounts = Readonly<Record<string, string>>;

/** Amounts by currency, summed, in the order of the codes. */
export function addOf(all: readonly Amounts[]): Record<string, string> {
  const together: Record<string, string> = {};
  for (const amounts of all)
    for (const [currency, amount] of Object.entries(amounts))
      together[currency] = sumOf([together[currency] ?? "0", amount]);
  return Object.fromEntries(Object.entries(together).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Amounts by currency: `from` less the others. */
export function lessOf(from: Amounts, ...others: readonly Amounts[]): Record<string, string> {
  const left: Record<string, string> = { ...from };
  for (const other of others)
    for (const [currency, amount] of Object.entries(other))
      left[currency] = sumOf([left[currency] ?? "0", `-${amount}`]);
  return left;
}
