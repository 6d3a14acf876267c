/** Answers whose amounts are wanted in the project's currency: their rows with these in place of those in USD. Pure. */
import type { Query } from "./answers.ts";

/** What is asked for. */
export const OWN = { currency: "project" } as const;

type Given = { converted?: object };
/** A row with its amounts in the currency that is named as `into`. */
export type Own<Row extends Given> = Omit<Row, "converted" | Extract<keyof Row, `${string}_usd`>> &
  NonNullable<Row["converted"]> & { into: string };

const ownOf = <Row extends Given>({ converted, ...row }: Row, into: string) =>
  ({ ...row, ...converted, into }) as unknown as Own<Row>;

type Answer<Row extends Given, Total extends Given> = { currency?: string; rows: Row[]; total: Total };
export type InOwn<Data extends Answer<Given, Given>> = Omit<Data, "rows" | "total"> & {
  into: string;
  rows: Own<Data["rows"][number]>[];
  total: Own<Data["total"]>;
};

export const inOwn = <Data extends Answer<Given, Given>>({ ask, ...query }: Query<Data>): Query<InOwn<Data>> => ({
  ...query,
  ask: async (signal) => {
    const data = await ask(signal);
    const { currency: into = "USD", rows, total } = data;
    return { ...data, into, rows: rows.map((row) => ownOf(row, into)), total: ownOf(total, into) } as InOwn<Data>;
  },
});
