/** A form for any two dates, in either order. */
import type { Period } from "../period.ts";
import { words } from "../words.ts";

type Given = { days: Period; latest: string; label: string; choose: (days: Period) => void };

export const Dates = ({ days, latest, label, choose }: Given) => (
  <form
    class="menu-form"
    onSubmit={(event) => {
      event.preventDefault();
      const form = new FormData(event.currentTarget);
      const [from = "", to = ""] = [String(form.get("from")), String(form.get("to"))].sort();
      choose({ from, to });
    }}
  >
    {(["from", "to"] as const).map((name) => (
      <label key={name}>
        {name === "from" ? words.common.from : words.frame.to}
        <input class="input" type="date" name={name} required max={latest} defaultValue={days[name]} />
      </label>
    ))}
    <button type="submit" class="button primary">
      {label}
    </button>
  </form>
);
