/** Answers with amounts in the currency of the address: their rows with these amounts in place of those in USD. Pure. */
import type { Query } from "./answers.ts";
import type { Scope } from "./scope.ts";

/** The requested currency. */
export const inCurrency = ({ address: { currency } }: Pick<Scope, "address">) => ({ currency });

type Given = { converted?: object };
/** A row with its amounts in the currency that is named as `into`. */
export type Own<Row extends Given> = Omit<Row, "converted" | Extract<keyof Row, `${string}_usd`>> &
  NonNullable<Row["converted"]> & { into: string };

const ownOf = <Row extends Given>({ converted, ...row }: Row, into: string) =>
  ({ ...row, ...converted, into }) as unknown as Own<Row>;

/** The rows of an answer: a list, or one. */
const PARTS = ["rows", "segments", "total"] as const;
type Answer = { currency?: string; rows?: Given[]; segments?: Given[]; total?: Given };
type OwnPart<Part> = Part extends (infer Row extends Given)[] ? Own<Row>[] : Part extends Given ? Own<Part> : Part;
export type InOwn<Data extends Answer> = {
  [Name in keyof Data]: Name extends (typeof PARTS)[number] ? OwnPart<Data[Name]> : Data[Name];
} & { into: string };

export const inOwn = <Data extends Answer>({ ask, ...query }: Query<Data>): Query<InOwn<Data>> => ({
  ...query,
  ask: async (signal) => {
    const data = await ask(signal);
    const { currency: into = "USD" } = data;
    const inOwnCurrency = (part: Given | Given[]) =>
      Array.isArray(part) ? part.map((row) => ownOf(row, into)) : ownOf(part, into);
    const parts = PARTS.flatMap((name) => (data[name] ? [[name, inOwnCurrency(data[name])]] : []));
    return { ...data, into, ...Object.fromEntries(parts) } as unknown as InOwn<Data>;
  },
});
