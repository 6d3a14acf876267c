/** Mails on a phone: nothing is cut off, and texts of others are never markup. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { htmlOf as noticeOf } from "../../worker/channels/html.ts";
import type { CampaignFigures } from "../../worker/reports/campaigns.ts";
import { htmlOf as reportOf } from "../../worker/schedules/page.ts";
import { browserPath, launch } from "./harness.ts";

const PHONE = { width: 360, height: 740 };
const LINK = "https://events.example.com/?project_id=brand&view=campaigns&from=2026-05-04&to=2026-05-10";

const figures = (visits: number): CampaignFigures => ({
  visits,
  unique_players: Math.round(visits * 0.8),
  registrations: Math.round(visits * 0.07),
  first_deposits: Math.round(visits * 0.02),
  new_depositors: 0,
  returning_depositors: 0,
  depositors: 0,
  deposits: Math.round(visits * 0.05),
  amount: `${visits * 3}.50`,
  deposit_per_first_deposit: null,
  deposit_per_visit: null,
  refunded: "0.00",
  withdrawn: "0.00",
  net_amount: `-${visits}.25`,
  unconverted: {},
  refunded_unconverted: {},
  withdrawn_unconverted: {},
  visit_to_registration: 0.0712,
  registration_to_first_deposit: null,
});
const rows = [
  "aff-x",
  "a-tag-that-nobody-has-ever-broken-anywhere-0123456789-0123456789",
  "<img src=x onerror=alert(1)>",
  null,
  ...Array.from({ length: 20 }, (_, number) => `summer-${number}`),
].map((banner_tag, index) => ({ banner_tag, last_event_at: null, ...figures(400_000 - 19_000 * index) }));

const MAILS = {
  report: reportOf(
    "The week: 2026-05-04 to 2026-05-10 (brand)",
    ["From 2026-05-04 to 2026-05-10, in the time zone Europe/Malta."],
    { currency: "EUR", total: { ...figures(1_234_567), last_event_at: null, previous: figures(987_654) }, rows },
    LINK,
    "https://events.example.com/api/v1/unsubscribe?token=t",
  ),
  "report of nothing": reportOf(
    "Yesterday: 2026-05-10 (brand)",
    [],
    { currency: "EUR", total: { ...figures(0), last_event_at: null }, rows: [] },
    LINK,
    null,
  ),
  alert: noticeOf({
    title: "Alert: No deposits of <b>aff-x</b> (brand)",
    lines: [
      "No deposit events of tag a-tag-that-nobody-has-ever-broken-anywhere-0123456789-0123456789 in the last 6 hours.",
    ],
    link: LINK,
  }),
};

describe.skipIf(!browserPath)("a mail", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  }, 300_000);
  afterAll(async () => await browser?.close());

  test.each(Object.entries(MAILS))(
    "with an %s fits a phone, and runs nothing",
    async (name, html) => {
      const page = await browser.newPage({ viewport: PHONE });
      await page.setContent(html);
      const { wide, images, scripts, bold } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth,
        images: document.images.length,
        scripts: document.scripts.length,
        bold: document.querySelectorAll("h1 b").length,
      }));
      expect({ name, wide, images, scripts, bold }).toEqual({
        name,
        wide: PHONE.width,
        images: 0,
        scripts: 0,
        bold: 0,
      });
      await page.close();
    },
    200_000,
  );
});
