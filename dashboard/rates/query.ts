/** Requests about exchange rates, and the upload of a file. */
import type { RateView } from "../../worker/admin/exchange-rates.ts";
import { ApiError, client, type Reply, read } from "../api.ts";
import { query } from "../reports.ts";

/** The same route accepts CSV, which the typed client cannot send. */
type Uploading = (given: object, options: { init: RequestInit }) => Promise<Reply<unknown>>;

const CODE = /^[A-Z]{3}$/;

/** Only one currency, if the search has three letters. */
export const rates = (search: string | undefined) => {
  const code = search?.trim().toUpperCase();
  const currency_code = code && CODE.test(code) ? code : undefined;
  return (cursor: string | number | undefined) =>
    query("exchange-rates", { currency_code, limit: "50", cursor: cursor?.toString() }, (asked, options) =>
      client["exchange-rates"].$get({ query: asked }, options),
    );
};

/** Adds one rate: the API's errors name `rates.0.usd_rate`, the form's field is `usd_rate`. */
export async function loadRate(rate: Record<string, string | undefined>): Promise<void> {
  try {
    await read(client["exchange-rates"].$post({ json: { rates: [rate as Record<keyof RateView, string>] } }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const withoutPrefix = (text: string) => text.replaceAll("rates.0.", "");
    const fields = error.fields.map(({ field, code, message }) => ({
      field: withoutPrefix(field),
      code,
      message: withoutPrefix(message),
    }));
    throw new ApiError(error.status, error.title, withoutPrefix(error.message.replaceAll("Rates.0.", "")), fields);
  }
}

export const refreshFeed = () => read(client["exchange-rates"].refresh.$post());

/** Lines that the API accepts at once, all or none; each line of the bank's file has the rates of some 30 currencies. */
const AT_ONCE = 1_000;
const DAYS_AT_ONCE = 250;
const OF_BANK = /^Date\s*,/;

export type Refused = { line: number; message: string };
/** Counted in lines of the file. */
export type Upload = { loaded: number; lines: number; refused: Refused[] };

/** `rates.3.usd_rate` is about the fifth line: the header is the first. */
function refusedOf({ field, message }: { field: string; message: string }, before: number): Refused {
  const [, index, name = ""] = /^rates\.(\d+)\.?(.*)$/.exec(field) ?? [];
  if (index === undefined) return { line: 1, message };
  return { line: before + Number(index) + 2, message: message.replace(field, name) };
}

/** Loads a CSV file part by part, each all or none, and ends with the first part that has a wrong line. */
export async function upload(text: string, onProgress: (upload: Upload) => void): Promise<Upload> {
  const [header = "", ...lines] = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim());
  const state: Upload = { loaded: 0, lines: lines.length, refused: [] };
  const atOnce = OF_BANK.test(header) ? DAYS_AT_ONCE : AT_ONCE;
  for (let at = 0; at === 0 || at < lines.length; at += atOnce) {
    const part = lines.slice(at, at + atOnce);
    const body = [header, ...part].join("\n");
    try {
      const headers = { "content-type": "text/csv" };
      await read((client["exchange-rates"].$post as Uploading)({}, { init: { headers, body } }));
      state.loaded += part.length;
      onProgress({ ...state });
    } catch (error) {
      if (!(error instanceof ApiError) || error.fields.length === 0) throw error;
      return { ...state, refused: error.fields.map((field) => refusedOf(field, at)) };
    }
  }
  return state;
}
