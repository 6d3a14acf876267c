/** Exchange rates, in the document. */
import { newRates, ratesQuery } from "../admin/exchange-rates.ts";
import { feed, loaded, ratesPage } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const rates = { tag: "Exchange rates", role: "admin" } as const;
const EXAMPLE = { currency_code: "EUR", rate_date: "2026-05-01", usd_rate: "1.0825", data_source: "treasury" };

export const exchangeRateOperations: Operation[] = [
  {
    ...rates,
    id: "listExchangeRates",
    method: "get",
    path: "/api/v1/exchange-rates",
    summary: "List rates",
    description: "All projects share them.",
    query: ratesQuery,
    answers: {
      200: { description: "The newest date first.", content: json(ratesPage), tables: ["text/csv"] },
    },
  },
  {
    ...rates,
    id: "loadExchangeRates",
    method: "post",
    path: "/api/v1/exchange-rates",
    summary: "Load rates, or correct them",
    description:
      "All of them or none. A rate of the same currency and date is replaced. As CSV (`Content-Type: text/csv`) with " +
      "these fields as its header, too, or as the European Central Bank's own CSV. Needs a key for all projects.",
    body: { schema: newRates, examples: { Rate: { rates: [EXAMPLE] } } },
    answers: { 201: { description: "How many are in force now.", content: json(loaded) } },
  },
  {
    ...rates,
    id: "refreshExchangeRates",
    method: "post",
    path: "/api/v1/exchange-rates/refresh",
    summary: "Read the daily feed now",
    description: "Cron does so by itself. Needs a key for all projects.",
    answers: { 200: { description: "How the feed is.", content: json(feed) } },
    problems: [409, 503],
  },
];
