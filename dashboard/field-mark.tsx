/** The flag of a country, or the shape of a device, next to its name, for recognition only. */
import type { Field } from "../worker/reports/field-filter.ts";
import { countryName } from "./format.ts";
import { Icon } from "./icons.tsx";

const SHAPES: Record<string, string> = {
  mobile: "M5 1.5h6v13H5z",
  tablet: "M3 1.5h10v13H3z",
  desktop: "M1.5 2.5h13v8h-13zM5 13.5h6",
};
/** A flag is the letters of its country's code, as regional indicator symbols. */
const LETTERS = 0x1f1e6 - 0x41;
const flagOf = (code: string) => String.fromCodePoint(...[...code].map((letter) => LETTERS + letter.charCodeAt(0)));

let known: boolean | undefined;
/** Whether the machine's fonts have flags: without them, two letters or boxes would be shown. */
function hasFlags(): boolean {
  if (known !== undefined) return known;
  const context = document.createElement("canvas").getContext("2d");
  const width = (text: string) => context?.measureText(text).width ?? 0;
  known = width(flagOf("DE")) < 1.5 * width(flagOf("D"));
  return known;
}

export function FieldMark({ field, value }: { field: Field | undefined; value: string | null }) {
  const shape = field === "device" ? SHAPES[value ?? ""] : undefined;
  if (shape)
    return (
      <span class="field-mark">
        <Icon>
          <path d={shape} />
        </Icon>
      </span>
    );
  // A value that is shown by its code is no known country.
  if (field !== "country" || !value || !/^[A-Z]{2}$/.test(value) || countryName(value) === value || !hasFlags())
    return null;
  return (
    <span class="field-mark" aria-hidden="true">
      {flagOf(value)}
    </span>
  );
}
