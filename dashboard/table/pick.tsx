/** Narrows a list to one value of a field; the value is in the address. */
import { useId } from "preact/hooks";
import { useLive } from "../live/live.ts";
import { useNavigation } from "../navigation.ts";
import { words } from "../words.ts";

type Picked = {
  /** The name of the default, such as `All reasons`. */
  every: string;
  label: string;
  /** Each value and its name. */
  options: Record<string, string>;
  chosen: string | undefined;
  choose: (value: string | undefined) => void;
};

export function Pick({ every, label, options, chosen, choose }: Picked) {
  // A value from the address may not be among the known ones.
  const all = { "": every, ...options, ...(chosen && { [chosen]: options[chosen] ?? chosen }) };
  return (
    <select class="input" aria-label={label} onChange={(event) => choose(event.currentTarget.value || undefined)}>
      {Object.entries(all).map(([value, called]) => (
        <option key={value} value={value} selected={value === (chosen ?? "")}>
          {called}
        </option>
      ))}
    </select>
  );
}

/** One event type: any that is typed; today's types are suggested. */
export function PickType() {
  const { address, go } = useNavigation();
  const { counts } = useLive();
  const list = useId();
  return (
    <>
      <input
        class="input find"
        key={address.event_type}
        list={list}
        aria-label={words.common.eventType}
        placeholder={words.table.everyEventType}
        autocomplete="off"
        spellcheck={false}
        defaultValue={address.event_type}
        onChange={(event) => go({ event_type: event.currentTarget.value.trim() || undefined })}
      />
      <datalist id={list}>
        {Object.keys(counts?.windows.today.by_type ?? {}).map((type) => (
          <option key={type} value={type} />
        ))}
      </datalist>
    </>
  );
}
