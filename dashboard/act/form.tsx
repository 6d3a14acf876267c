/** Forms: a labelled field with its hint, and what the server says of it beside it. */
import { type ComponentChildren, createContext } from "preact";
import { useContext, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { words } from "../words.ts";
import type { Action } from "./action.ts";
import { ActionError } from "./dialog.tsx";

/** What a form holds: the text of each field; absent where a box is not ticked. */
export type Filled = Partial<Record<string, string>>;

/** What its fields know of their form: what was there before, by their names, and the action whose error may be about them. */
type Held = { values?: object; action?: Pick<Action<never>, "error"> };
const Held = createContext<Held>({});
const before = ({ values }: Held, name: string) => (values as Record<string, unknown> | undefined)?.[name];

type Formed = {
  action: Action<[Filled]>;
  /** What its fields begin with, by their names: a list is joined by commas. */
  values?: object | undefined;
  /** What the button says. */
  label: string;
  /** After it went well. */
  done?: () => void;
  /** What was filled in stays: the form shows what holds. */
  keep?: true;
  cancel?: () => void;
  children: ComponentChildren;
};

/** The form's fields that an error complains about: it is said beside them, and the first has the focus. */
const complainedOf = (form: HTMLFormElement | null): HTMLElement[] => [
  ...(form?.querySelectorAll<HTMLElement>('[aria-invalid="true"]') ?? []),
];

export function Form({ action, values = {}, label, done, keep, cancel, children }: Formed) {
  const own = useRef<HTMLFormElement>(null);
  const [told, setTold] = useState(false);
  useLayoutEffect(() => {
    const fields = complainedOf(own.current);
    setTold(fields.length > 0 && fields.length >= (action.error?.fields.length ?? 0));
    fields[0]?.focus();
  }, [action.error]);
  return (
    <form
      ref={own}
      class="form"
      onSubmit={async (event) => {
        event.preventDefault();
        const form = event.currentTarget;
        const filled = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
        if (await action.run(filled)) {
          if (!keep) form.reset();
          done?.();
        }
      }}
    >
      <Held.Provider value={{ values, action }}>{children}</Held.Provider>
      {!told && <ActionError action={action} />}
      <p class="dialog-actions">
        {cancel && (
          <button type="button" class="button" onClick={cancel}>
            {words.act.cancel}
          </button>
        )}
        <button type="submit" class="button primary" disabled={action.busy}>
          {action.busy ? words.common.working : label}
        </button>
      </p>
    </form>
  );
}

type Fielded = {
  name: string;
  label: string;
  hint?: ComponentChildren;
  type?: "text" | "password" | "number" | "date" | "datetime-local" | "search" | "email";
  /** In the place of what its form begins with. */
  value?: string | undefined;
  required?: boolean;
  placeholder?: string;
  /** Several lines, as many as this. */
  lines?: number;
  /** Values to choose from, and how they are called. */
  options?: Record<string, string>;
  /** Learns what was chosen of them. */
  change?: (chosen: string) => void;
  /** Values that are suggested while one types. */
  suggestions?: readonly string[];
};

/** What a field of several lines holds: a value on each line, or with commas between them. */
export const linesOf = (text = "", between = /[\n,]/): string[] =>
  text
    .split(between)
    .map((line) => line.trim())
    .filter(Boolean);

export function Field({
  name,
  label,
  hint,
  type = "text",
  value,
  required,
  placeholder,
  lines,
  options,
  change,
  suggestions,
}: Fielded) {
  const id = useId();
  const held = useContext(Held);
  const begins = value ?? String(before(held, name) ?? "");
  const complaint = held.action?.error?.fields.find(({ field }) => field === name || field.startsWith(`${name}.`));
  const common = {
    id,
    name,
    class: "input",
    required,
    placeholder,
    "aria-invalid": complaint !== undefined,
    "aria-describedby": `${id}-hint`,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {options ? (
        <select {...common} onChange={change && ((event) => change(event.currentTarget.value))}>
          {Object.entries(options).map(([option, called]) => (
            <option key={option} value={option} selected={option === begins}>
              {called}
            </option>
          ))}
        </select>
      ) : lines ? (
        <textarea {...common} rows={lines} spellcheck={false} defaultValue={begins} />
      ) : (
        <input
          {...common}
          type={type as "text"}
          list={suggestions && `${id}-list`}
          autocomplete="off"
          spellcheck={false}
          defaultValue={begins}
        />
      )}
      {suggestions && (
        <datalist id={`${id}-list`}>
          {suggestions.map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
      <p class={complaint ? "field-error" : "field-hint"} id={`${id}-hint`}>
        {complaint?.message ?? hint}
      </p>
    </div>
  );
}

/** A box to tick. */
export function Tick({ name, label, checked }: { name: string; label: ComponentChildren; checked?: boolean }) {
  const held = useContext(Held);
  return (
    <label class="tick">
      <input type="checkbox" name={name} defaultChecked={checked ?? !!before(held, name)} /> <span>{label}</span>
    </label>
  );
}
