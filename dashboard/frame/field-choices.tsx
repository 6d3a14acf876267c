/** Values of a country, device, app and platform to choose from, with how many events of the period have each. */
import type { Field } from "../../worker/reports/field-filter.ts";
import { type Address, FIELD_NAMES, FIELD_TITLES } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { client } from "../api.ts";
import { exact, fieldValue } from "../format.ts";
import { daysOf, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";

/** The fields that the API can count the values of. */
type Told = Exclude<Field, "platform">;

/** Without the filters, so that further values of a filtered field can be added. */
const valuesOf = (field: Told, scope: Scope) => ({
  ...queryAll("values", { project_id: scope.address.project_id, ...daysOf(scope), group_by: field }, (asked, options) =>
    client.metrics.$get({ query: asked }, options),
  ),
  steady: true,
});

const TOLD = FIELD_NAMES.filter((name) => name !== "platform");

export const FieldChoices = ({ scope }: { scope: Scope }) => (
  <>
    {TOLD.map((field) => (
      <Values key={field} field={field} scope={scope} />
    ))}
    <label>
      {FIELD_TITLES.platform}
      <input class="input" name="platform" maxLength={128} autocomplete="off" spellcheck={false} />
    </label>
  </>
);

function Values({ field, scope }: { field: Told; scope: Scope }) {
  const { data } = useAnswer(valuesOf(field, scope));
  const events = new Map<string, number>();
  for (const { [field]: value, total } of data?.rows ?? [])
    if (value) events.set(value, (events.get(value) ?? 0) + total);
  return (
    <label>
      {FIELD_TITLES[field]}
      <select class="input" name={field}>
        <option value="">{words.frame.any}</option>
        {[...events]
          .sort(([, a], [, b]) => b - a)
          .map(([value, total]) => (
            <option key={value} value={value}>
              {fieldValue(field, value)} ({exact(total)})
            </option>
          ))}
      </select>
    </label>
  );
}

/** The values chosen in a form, added to the present filters. */
export const chosenIn = (form: FormData, address: Address): Partial<Address> =>
  Object.fromEntries(
    FIELD_NAMES.map((name) => {
      const given = String(form.get(name) ?? "");
      // Values from senders may begin or end with a space: a value of the list is used unchanged.
      const value = name === "platform" ? given.trim() : given;
      return [name, value && !address[name].includes(value) ? [...address[name], value] : address[name]];
    }),
  );
