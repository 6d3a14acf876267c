/** Loads exchange rates, as an administrator does. */
import { answerOf } from "./api.ts";

export const loadRates = (...rates: [currency_code: string, rate_date: string, usd_rate: string][]) =>
  answerOf("POST", "/exchange-rates", {
    rates: rates.map(([currency_code, rate_date, usd_rate]) => ({
      currency_code,
      rate_date,
      usd_rate,
      data_source: "a test",
    })),
  });
