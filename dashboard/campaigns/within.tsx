/** A tag's visitors by a second field, as rows below the tag's row. */
import { useAnswer } from "../answers.ts";
import { Link } from "../link.tsx";
import { useNavigation } from "../navigation.ts";
import type { Scope } from "../scope.ts";
import { columnsOf } from "../sources/columns.tsx";
import { choicesOf, dimensionOf, dimensionTitle } from "../sources/dimension.ts";
import { traffic } from "../sources/query.ts";
import type { Column } from "../table/columns.ts";
import { valueIn } from "../table/value.tsx";
import { words } from "../words.ts";
import type { Figures } from "./columns.ts";

/** The number of a tag's values that are shown at first; a button shows the others. */
const MOST = 8;

type Shown = { scope: Scope; row: Figures; columns: readonly Column<Figures>[] };

export const titleOf = (scope: Scope, { banner_tag }: Figures): string | undefined =>
  banner_tag === null
    ? undefined
    : words.campaigns.tagBy(banner_tag, words.inSentence(dimensionTitle(dimensionOf(scope.address))));

export function Within({ scope, row, columns }: Shown) {
  const by = dimensionOf(scope.address);
  const ofTag = { banner_tag: [row.banner_tag ?? ""], banner_tag_not: [], banner_tag_contains: [] };
  const { data, error, retry } = useAnswer(traffic({ ...scope, address: { ...scope.address, ...ofTag } }));
  if (!data)
    return (
      <tr class="within">
        <td colSpan={columns.length}>
          {error ? (
            <span role="alert">
              {error.message}{" "}
              <button type="button" class="link" onClick={retry}>
                {words.common.retry}
              </button>
            </span>
          ) : (
            <span class="bone">000 000</span>
          )}
        </td>
      </tr>
    );
  const [heading, ...others] = columnsOf(by);
  const figures = new Map(others.map((column) => [column.name, column]));
  return (
    <>
      {data.rows.slice(0, MOST).map((found) => {
        const value = { ...found, currency: data.currency };
        return (
          <tr key={found.value ?? ""} class="within" data-within={found.value ?? ""}>
            <th scope="row">{heading?.show?.(value)}</th>
            {columns.slice(1).map(({ name }) => {
              const column = figures.get(name);
              return (
                <td key={name} class={column ? "number" : ""} data-column={name}>
                  {column && <span class="cell-figure">{valueIn(column, value, scope.timezone)}</span>}
                </td>
              );
            })}
          </tr>
        );
      })}
      <tr class="within">
        <td colSpan={columns.length}>
          <span class="muted">
            {data.rows.length === 0 ? words.campaigns.noVisitsWithThisTag : words.campaigns.byTheFirstVisit}{" "}
          </span>
          <Link to={{ ...ofTag, view: "traffic", group_by: by }}>{words.campaigns.allInTrafficSources}</Link>
        </td>
      </tr>
    </>
  );
}

/** The field by which rows unfold. */
export function UnfoldBy({ scope }: { scope: Scope }) {
  const { go } = useNavigation();
  const by = dimensionOf(scope.address);
  return (
    <select
      class="input"
      aria-label={words.campaigns.unfoldRowsBy}
      title={words.campaigns.unfoldRowsBy}
      value={by}
      onChange={({ currentTarget: { value } }) => go({ group_by: value === "country" ? undefined : value }, "replace")}
    >
      {Object.entries(choicesOf([], by)).map(([value, title]) => (
        <option key={value} value={value}>
          {words.campaigns.tagThen(title)}
        </option>
      ))}
    </select>
  );
}
