/** The campaign table's heads, total and rows. */
import type { CampaignFigures, CampaignRow, Campaigns } from "../../worker/reports/campaigns.ts";
import { Count, Delta, Money } from "../figure.tsx";
import { changeOf, changeOfRate, exact, exactMoney, periodText, rate } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { COLUMNS, type Column, figureOf, nextSort, readSort } from "./columns.ts";

type Kinded = (typeof COLUMNS)[number];

export function Heads() {
  const { address, go } = useNavigation();
  const sort = readSort(address.sort);
  const head = (column: Column | "banner_tag", title: string, hint: string) => {
    const sorted = sort.column === column;
    return (
      <th
        key={column}
        scope="col"
        class={column === "banner_tag" ? "tag" : "number"}
        aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : "none"}
      >
        <button type="button" title={hint} onClick={() => go({ sort: nextSort(sort, column) }, "replace")}>
          {column === "banner_tag" && title}
          <span class="arrow" aria-hidden="true">
            {sorted && !sort.descending ? "↑" : "↓"}
          </span>
          {column !== "banner_tag" && title}
        </button>
      </th>
    );
  };
  return (
    <thead>
      <tr>
        {head("banner_tag", "Tag", "Campaign or affiliate tag")}
        {COLUMNS.map(({ name, title, hint }) => head(name, title, hint))}
      </tr>
    </thead>
  );
}

export function Total({ data }: { data: Campaigns }) {
  const count = data.rows.length;
  return (
    <tbody class="total">
      <tr>
        <th scope="row" class="tag">
          Total of {exact(count)} {count === 1 ? "tag" : "tags"}
        </th>
        {COLUMNS.map((column) => (
          <Cell key={column.name} column={column} figures={data.total} before={data.total.previous} data={data} />
        ))}
      </tr>
    </tbody>
  );
}

export function Row({ row, data }: { row: CampaignRow; data: Campaigns }) {
  const { address, go } = useNavigation();
  const { banner_tag } = row;
  const only = () => banner_tag !== null && go({ banner_tag, search: undefined });
  const chosen = address.banner_tag !== undefined;
  return (
    // The button in the row does the same for the keyboard.
    <tr class={banner_tag === null || chosen ? "" : "pressable"} onClick={only}>
      <th scope="row" class="tag">
        {banner_tag === null ? (
          <span class="muted">without a tag</span>
        ) : (
          <button type="button" class="link" title={`Show only ${banner_tag}`} disabled={chosen}>
            {banner_tag}
          </button>
        )}
      </th>
      {COLUMNS.map((column) => (
        <Cell key={column.name} column={column} figures={row} before={row.previous} data={data} whole={data.total} />
      ))}
    </tr>
  );
}

type Celled = {
  column: Kinded;
  figures: CampaignFigures;
  before: CampaignFigures | undefined;
  data: Campaigns;
  whole?: CampaignFigures;
};

function Cell({ column: { name, kind, share }, figures, before, data, whole }: Celled) {
  const now = figureOf(figures, name);
  const then = before ? figureOf(before, name) : null;
  const all = share && whole ? (figureOf(whole, name) ?? 0) : 0;
  const written = (value: number | null, of: CampaignFigures) =>
    kind === "rate" ? rate(value) : kind === "money" ? exactMoney(of.amount, data.currency) : exact(value ?? 0);
  return (
    <td class={`number ${kind}`} data-column={name}>
      <span class="cell-figure">
        {kind === "rate" ? (
          rate(now)
        ) : kind === "money" ? (
          <Money amount={figures.amount} currency={data.currency} />
        ) : (
          <Count value={now ?? 0} />
        )}
      </span>
      <span class="cell-note">
        {all > 0 && (
          <span class="share" title="Share of the total">
            {rate((now ?? 0) / all)}
          </span>
        )}
        {before && data.previous_period && now !== null && then !== null && (
          <Delta
            change={(kind === "rate" ? changeOfRate : changeOf)(now, then)}
            compared={`${written(then, before)} in ${periodText(data.previous_period)}`}
          />
        )}
      </span>
    </td>
  );
}
