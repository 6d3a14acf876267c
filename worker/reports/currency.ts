/**
 * Which currency a report's money is wanted in. Figures in USD have `usd` in their names and are always there; in another
 * currency they are in `converted`, and in CSV in place of those in USD.
 */
import * as z from "zod";
import { PAST_CURRENCIES } from "../money.ts";
import type { Project } from "../project.ts";
import { amounts, text } from "./answer.ts";
import { amountsCell } from "./usd.ts";

/** The project's currency. */
const OWN = "project";

/** As a parameter of a report. */
export const wanted = {
  currency: z
    .string("must be given once")
    .refine((code) => code === OWN || PAST_CURRENCIES.has(code), "must be an ISO 4217 code, such as EUR, or project")
    .optional()
    .describe("Gives amounts in this currency too, in `converted`; `project` is the project's own."),
};

/** As a parameter of a report whose amounts are in one currency: the project's currency by default. */
export const instead = {
  currency: wanted.currency.describe("Gives amounts in this currency; without it, in the project's own (`project`)."),
};

/** As a part of the answer. */
export const given = {
  currency: text.exactOptional().describe("With `currency`: that of the amounts in `converted`."),
};

/** The code; null where no currency is asked for. */
export const codeOf = (project: Pick<Project, "currency">, { currency }: { currency?: string | undefined }) =>
  currency === OWN ? project.currency : (currency ?? null);

/** Amounts without a rate into that currency, which are in no figure in it. */
export const unconverted = amounts.describe(
  "Amounts without a rate into the currency on their date: the figures do not include them.",
);

type Flat = string | number | boolean | null;
type Converted = Record<string, string | null | Record<string, string>>;

/** A row of CSV: amounts in the requested currency replace those in USD, and amounts by currency are one cell. */
export function inOneCurrency<Row extends { converted?: Converted }>(
  { converted = {}, ...row }: Row,
  currency: string | null,
): Record<string, Flat> {
  const all = Object.entries({ ...row, ...converted, ...(currency !== null && { currency_of_amounts: currency }) });
  const cell = (value: unknown) =>
    typeof value === "object" && value !== null ? amountsCell(value as Record<string, string>) : (value as Flat);
  return Object.fromEntries(all.map(([name, value]) => [name, cell(value)]));
}

/** The columns of such rows; `names` are the columns of amounts in the requested currency. */
export const columnsIn = (columns: readonly string[], names: readonly string[], currency: string | null): string[] =>
  currency === null
    ? [...columns]
    : [
        ...new Set([
          ...columns.filter((name) => !name.endsWith("_usd") && !names.includes(name)),
          "currency_of_amounts",
          ...names,
        ]),
      ];
