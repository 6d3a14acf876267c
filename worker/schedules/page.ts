/** A report as a page that fits a phone: its figures with those of the period before, and its first tags. */
import { escaped, linkOf, pageOf, paragraph } from "../channels/html.ts";
import type { CampaignFigures, Campaigns } from "../reports/campaigns.ts";

/** The most tags on the page; the attached table has more. */
const MOST_TAGS = 15;

type Shown = { label: string; money?: true; of(figures: CampaignFigures): string | null };
const count = (name: "visits" | "unique_players" | "registrations" | "first_deposits" | "deposits") => ({
  of: (figures: CampaignFigures) => figures[name].toLocaleString("en"),
});
const money = (name: "amount" | "net_amount") => ({
  money: true as const,
  of: (figures: CampaignFigures) => grouped(figures[name]),
});
const grouped = (decimal: string): string => decimal.replace(/\B(?=(?:\d{3})+\.)/g, ",");
const percent = (rate: number | null): string | null => (rate === null ? null : `${(100 * rate).toFixed(1)} %`);

const FIGURES: Shown[] = [
  { label: "Visits", ...count("visits") },
  { label: "Visitors and players", ...count("unique_players") },
  { label: "Registrations", ...count("registrations") },
  { label: "First deposits", ...count("first_deposits") },
  { label: "Deposits", ...count("deposits") },
  { label: "Deposited", ...money("amount") },
  { label: "Less refunds and withdrawals", ...money("net_amount") },
  { label: "Registrations for each visit", of: ({ visit_to_registration }) => percent(visit_to_registration) },
  {
    label: "First deposits for each registration",
    of: ({ registration_to_first_deposit }) => percent(registration_to_first_deposit),
  },
];

export type Figures = Pick<Campaigns, "currency" | "total" | "rows">;

const shownOf = ({ of: figureOf }: Shown, figures: CampaignFigures | undefined): string =>
  (figures && figureOf(figures)) ?? "–";
const labelOf = ({ label, money }: Shown, currency: string) => (money ? `${label}, ${currency}` : label);

/** One line for each figure, for channels of plain text. */
export const linesOf = ({ currency, total }: Figures): string[] =>
  FIGURES.map(
    (figure) => `${labelOf(figure, currency)}: ${shownOf(figure, total)} (before: ${shownOf(figure, total.previous)})`,
  );

const CELL = "padding:8px 4px;border-bottom:1px solid #e4e7eb;vertical-align:top";
const RIGHT = `${CELL};text-align:right;white-space:nowrap`;
const SMALL = "font-size:12px;font-weight:normal;color:#57606a";
const head = (names: readonly string[]) =>
  `<tr>${names.map((name, index) => `<th scope="col" style="${index === 0 ? CELL : RIGHT};${SMALL};text-align:${index === 0 ? "left" : "right"};white-space:normal">${escaped(name)}</th>`).join("")}</tr>`;
const tableOf = (rows: readonly string[]) =>
  `<table width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;margin:0 0 16px;font-size:14px">${rows.join("")}</table>`;
const row = (name: string, cells: readonly string[]) =>
  `<tr><th scope="row" style="${CELL};text-align:left;font-weight:normal;word-break:break-word">${escaped(name)}</th>${cells.map((cell) => `<td style="${RIGHT}">${cell}</td>`).join("")}</tr>`;

const totals = ({ currency, total }: Figures) =>
  tableOf([
    head(["", "This period", "The one before"]),
    ...FIGURES.map((figure) =>
      row(labelOf(figure, currency), [
        `<strong>${escaped(shownOf(figure, total))}</strong>`,
        `<span style="color:#57606a">${escaped(shownOf(figure, total.previous))}</span>`,
      ]),
    ),
  ]);

const TAGGED = ["visits", "registrations", "first_deposits"] as const;

/** Each name has a separate line: it may be long, and a phone is narrow. */
const tags = ({ currency, rows }: Figures) =>
  tableOf([
    head(["Visits", "Registrations", "First deposits", `Deposited, ${currency}`]),
    ...rows.slice(0, MOST_TAGS).map((one) => {
      const cells = [...TAGGED.map((name) => one[name].toLocaleString("en")), grouped(one.amount)];
      return `<tr><th scope="rowgroup" colspan="4" style="padding:10px 4px 0;text-align:left;word-break:break-word">${escaped(one.banner_tag ?? "No tag")}</th></tr>
<tr>${cells.map((cell, index) => `<td style="${RIGHT};${index === 0 ? "text-align:left" : ""}">${escaped(cell)}</td>`).join("")}</tr>`;
    }),
  ]);

/** `notes` are shown above the figures. */
export function htmlOf(
  title: string,
  notes: readonly string[],
  figures: Figures,
  link: string,
  unsubscribe: string | null,
): string {
  const left = figures.rows.length - MOST_TAGS;
  return pageOf(
    title,
    [
      ...notes.map(paragraph),
      totals(figures),
      ...(figures.rows.length > 0 ? [tags(figures)] : [paragraph("Nothing came in this period.")]),
      ...(left > 0 ? [paragraph(`${left.toLocaleString("en")} more tags are in the table that is attached.`)] : []),
      `<p style="margin:0">${linkOf(link, "Open the dashboard")}</p>`,
    ],
    ["Sent by Edgepixel.", ...(unsubscribe === null ? [] : [linkOf(unsubscribe, "Unsubscribe from this report")])],
  );
}
