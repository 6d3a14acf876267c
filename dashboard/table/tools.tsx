/** The tools of a view's table: find a row, choose columns, download a file. */
import { Menu } from "../menu.tsx";
import { useNavigation } from "../navigation.ts";
import { words } from "../words.ts";
import { type Column, shownOf } from "./columns.ts";
import { Download } from "./download.tsx";
import { keepColumns } from "./kept-columns.ts";
import { useColumns, usePhone, useShown } from "./visible.ts";

type Tools<Row> = {
  /** The label of the search field, such as `Find a tag`. */
  find?: string;
  columns?: readonly Column<Row>[];
  /** The address of the whole file, its name, and the name of the table whose shown rows it has. */
  csv?: { url: string; name: string; table?: string };
};

export function TableTools<Row>({ find, columns, csv }: Tools<Row>) {
  return (
    <>
      {find && <Find label={find} />}
      {columns && <ColumnMenu columns={columns} />}
      {csv && <Download {...csv} />}
    </>
  );
}

function Find({ label }: { label: string }) {
  const { address, go } = useNavigation();
  return (
    <input
      type="search"
      class="input find"
      placeholder={label}
      aria-label={label}
      value={address.search ?? ""}
      onInput={(event) => go({ search: event.currentTarget.value || undefined }, "replace")}
    />
  );
}

function ColumnMenu<Row>({ columns: all }: { columns: readonly Column<Row>[] }) {
  const columns = useColumns(all);
  const phone = usePhone();
  const { address, go } = useNavigation();
  const first = shownOf(columns, [], phone).map(({ name }) => name);
  const shown = useShown(all).map(({ name }) => name);
  const choose = (name: string, on: boolean) => {
    const chosen = columns
      .slice(1)
      .flatMap((column) => ((column.name === name ? on : shown.includes(column.name)) ? [column.name] : []));
    const usual = chosen.length === first.length - 1 && chosen.every((column) => first.includes(column));
    if (chosen.length === 0) return;
    keepColumns(address.view, phone, usual ? [] : chosen);
    go({ columns: usual ? [] : chosen }, "replace");
  };
  return (
    <Menu label={words.table.chooseColumns} button={<span>{words.table.columns}</span>}>
      {() => (
        <fieldset class="column-menu">
          <legend class="hidden">{words.table.columns}</legend>
          {columns.slice(1).map(({ name, title, hint }) => (
            <label key={name} title={hint}>
              <input
                type="checkbox"
                checked={shown.includes(name)}
                onChange={(event) => choose(name, event.currentTarget.checked)}
              />
              {title}
            </label>
          ))}
        </fieldset>
      )}
    </Menu>
  );
}
