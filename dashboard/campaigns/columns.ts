/** The columns of the campaign table, and how its rows are sorted and found. Pure. */
import type { CampaignFigures, CampaignRow } from "../../worker/reports/campaigns.ts";

export type Column = Exclude<
  keyof CampaignFigures,
  "unconverted" | "withdrawn_unconverted" | "withdrawn" | "net_amount" | "deposit_per_first_deposit"
>;
type Kind = "count" | "money" | "rate";

/** In order. `share` shows how much of the total a row has. */
export const COLUMNS: readonly { name: Column; title: string; hint: string; kind: Kind; share?: true }[] = [
  { name: "visits", title: "Visits", hint: "Visits, repeated ones too", kind: "count", share: true },
  { name: "unique_players", title: "Players", hint: "Distinct people with any event", kind: "count" },
  { name: "registrations", title: "Registrations", hint: "At most one per day and player", kind: "count", share: true },
  { name: "visit_to_registration", title: "Visit → reg.", hint: "Registrations per visit", kind: "rate" },
  {
    name: "first_deposits",
    title: "First deposits",
    hint: "Players whose first deposit ever lies in the period",
    kind: "count",
    share: true,
  },
  {
    name: "registration_to_first_deposit",
    title: "Reg. → first dep.",
    hint: "First deposits per registration",
    kind: "rate",
  },
  { name: "deposits", title: "Deposits", hint: "Deposits, repeated ones too", kind: "count", share: true },
  { name: "amount", title: "Amount", hint: "Deposited, in the project's currency", kind: "money", share: true },
];

export const figureOf = (figures: CampaignFigures, column: Column): number | null =>
  column === "amount" ? Number(figures.amount) : figures[column];

export type Sort = { column: Column | "banner_tag"; descending: boolean };

/** `-visits`: the largest first, as the API has it. */
export function readSort(sort: string): Sort {
  const name = sort.replace(/^-/, "");
  const column = name === "banner_tag" ? name : COLUMNS.find((candidate) => candidate.name === name)?.name;
  return column ? { column, descending: sort.startsWith("-") } : { column: "visits", descending: true };
}

/** Pressing a column again turns it round; figures begin with the largest, names with A. */
export function nextSort({ column, descending }: Sort, pressed: Sort["column"]): string {
  const down = column === pressed ? !descending : pressed !== "banner_tag";
  return `${down ? "-" : ""}${pressed}`;
}

export function arrange(rows: readonly CampaignRow[], { column, descending }: Sort, search: string): CampaignRow[] {
  const sought = search.toLowerCase();
  const value = (row: CampaignRow) =>
    column === "banner_tag" ? (row.banner_tag ?? "").toLowerCase() : (figureOf(row, column) ?? -1);
  return rows
    .filter((row) => (row.banner_tag ?? "").toLowerCase().includes(sought))
    .sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      const order = x < y ? -1 : x > y ? 1 : 0;
      return (descending ? -order : order) || ((a.banner_tag ?? "") < (b.banner_tag ?? "") ? -1 : 1);
    });
}
