/** A row per banner tag: what it brought, how much of the total that is, and how it changed. */
import { useState } from "preact/hooks";
import type { Campaigns } from "../../worker/reports/campaigns.ts";
import { useNavigation } from "../navigation.ts";
import { panel } from "../panel.tsx";
import { campaigns, campaignsCsv } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { arrange, COLUMNS, readSort } from "./columns.ts";
import { Heads, Row, Total } from "./rows.tsx";

export const CampaignsPanel = panel({
  name: "campaigns",
  title: "Campaigns",
  query: campaigns,
  Show,
  Skeleton,
  Actions,
});

/** Rows that are drawn at once; the others are one press away, and all are in the CSV. */
const PAGE = 50;
const SKELETON_ROWS = 8;

function Actions({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  return (
    <>
      <input
        type="search"
        class="input"
        placeholder="Find a tag"
        aria-label="Find a tag"
        value={address.search ?? ""}
        onInput={(event) => go({ search: event.currentTarget.value || undefined }, "replace")}
      />
      <a class="button" href={campaignsCsv(scope)} download={`campaigns_${scope.from}_${scope.to}.csv`}>
        Download CSV
      </a>
    </>
  );
}

function Show({ data, scope }: { data: Campaigns; scope: Scope }) {
  const { address } = useNavigation();
  const [shown, setShown] = useState(PAGE);
  const rows = arrange(data.rows, readSort(address.sort), address.search ?? "");
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="table-scroll" aria-label="Campaigns, a table that scrolls sideways" tabIndex={0}>
        <table class="campaign-table">
          <Heads />
          <Total data={data} />
          <tbody>
            {rows.slice(0, shown).map((row) => (
              <Row key={row.banner_tag ?? ""} row={row} data={data} />
            ))}
          </tbody>
        </table>
      </section>
      {rows.length === 0 && <NoRows scope={scope} search={address.search} />}
      {rows.length > shown && (
        <p class="more">
          <button type="button" class="button" onClick={() => setShown(rows.length)}>
            Show all {rows.length} tags
          </button>
        </p>
      )}
    </>
  );
}

function NoRows({ scope: { address }, search }: { scope: Scope; search: string | undefined }) {
  const { go } = useNavigation();
  return (
    <div class="none">
      <p>
        {search
          ? `No tag of this period contains “${search}”.`
          : address.banner_tag
            ? `The tag “${address.banner_tag}” brought nothing in this period.`
            : "No campaign brought anything in this period."}
      </p>
      {search ? (
        <button type="button" class="button" onClick={() => go({ search: undefined }, "replace")}>
          Show all tags
        </button>
      ) : (
        <button type="button" class="button" onClick={() => go({ period: "30d", banner_tag: undefined })}>
          Look at the last 30 days
        </button>
      )}
    </div>
  );
}

function Skeleton() {
  return (
    <div class="table-scroll" aria-hidden="true">
      <table class="campaign-table">
        <Heads />
        <tbody>
          {Array.from({ length: SKELETON_ROWS + 1 }, (_, index) => (
            <tr key={index}>
              <th scope="row">
                <span class="bone">some-campaign-tag</span>
              </th>
              {COLUMNS.map(({ name }) => (
                <td key={name} class="number">
                  <span class="cell-figure">
                    <span class="bone">0,000</span>
                  </span>
                  <span class="cell-note">
                    <span class="bone">00.0%</span>
                  </span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
