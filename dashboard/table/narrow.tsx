/** A filter of a list that the server reads: a text field, or one of several values. Its value is in the address. */
import type { Address } from "../address.ts";
import { useNavigation } from "../navigation.ts";
import { words } from "../words.ts";

type Field = "search" | "sort" | "segment" | "deposits" | "part" | "event_type" | "app" | "player_id";
const changed = (name: Field, value: string): Partial<Address> => ({ [name]: value.trim() || undefined });

/** Applied when Enter is pressed or the field is left. */
export function Sought({ name, label }: { name: Field; label: string }) {
  const { address, go } = useNavigation();
  const given = address[name] ?? "";
  return (
    <input
      key={given}
      type="search"
      class="input find"
      placeholder={label}
      aria-label={label}
      title={words.table.thenPressEnter(label)}
      autocomplete="off"
      spellcheck={false}
      defaultValue={given}
      onChange={(event) => go(changed(name, event.currentTarget.value), "replace")}
    />
  );
}

/** Values and their names; the first, `""`, is the default. */
export function Chosen({ name, label, options }: { name: Field; label: string; options: Record<string, string> }) {
  const { address, go } = useNavigation();
  const chosen = address[name] ?? "";
  return (
    <select
      class="input"
      aria-label={label}
      value={chosen}
      onChange={(event) => go(changed(name, event.currentTarget.value), "replace")}
    >
      {Object.entries(Object.hasOwn(options, chosen) ? options : { ...options, [chosen]: chosen }).map(
        ([value, called]) => (
          <option key={value} value={value}>
            {called}
          </option>
        ),
      )}
    </select>
  );
}
