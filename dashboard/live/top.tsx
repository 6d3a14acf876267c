/** The largest few of a dimension. */
import type { Field } from "../../worker/reports/field-filter.ts";
import { justTag } from "../address.ts";
import { FieldMark } from "../field-mark.tsx";
import { Count } from "../figure.tsx";
import { fieldValue } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { words } from "../words.ts";

const ROWS = 5;

type Ranked = {
  title: string;
  rows: [value: string, total: number][] | undefined;
  /** The field of the values, if its values have names for people. */
  field?: Field;
  /** Whether a row can be pressed to show only its tag. */
  filter?: boolean;
};

export function Top({ title, rows, field, filter = false }: Ranked) {
  const { go } = useNavigation();
  const most = Math.max(1, ...(rows ?? []).map(([, total]) => total));
  const shown = rows?.slice(0, ROWS) ?? [];
  return (
    <section class="top" aria-label={title}>
      <h3>{title}</h3>
      <ol style={{ minHeight: `${ROWS * 1.75}rem` }}>
        {rows?.length === 0 && <li class="top-none">{words.live.nothingInTheLastHour}</li>}
        {shown.map(([value, total]) => (
          <li key={value}>
            <div class="top-bar" style={{ width: `${(total / most) * 100}%` }} aria-hidden="true" />
            {filter && value ? (
              <button
                type="button"
                class="link"
                title={words.common.showOnly(value)}
                onClick={() => go(justTag(value))}
              >
                {value}
              </button>
            ) : (
              <span>
                <FieldMark field={field} value={value} />
                {value ? (field ? fieldValue(field, value) : value) : words.common.unknown}
              </span>
            )}
            <Count value={total} />
          </li>
        ))}
      </ol>
    </section>
  );
}
