/** Forms: a labelled field with its hint and the server's errors about it. */
import { type ComponentChildren, createContext } from "preact";
import { useContext, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { words } from "../words.ts";
import type { Action } from "./action.ts";
import { ActionError } from "./dialog.tsx";

/** A form's values: the text of each field; absent for a box that is not ticked. */
export type Filled = Partial<Record<string, string>>;

/** What fields read from their form: initial values by field name, and the action whose errors may be about them. */
type Held = { values?: object; action?: Pick<Action<never>, "error"> };
const Held = createContext<Held>({});
const before = ({ values }: Held, name: string) => (values as Record<string, unknown> | undefined)?.[name];

type Formed = {
  action: Action<[Filled]>;
  /** Initial values by field name; a list is joined by commas. */
  values?: object | undefined;
  /** The button's text. */
  label: string;
  /** Called after success. */
  done?: () => void;
  /** Keeps the values after success: the form shows settings in force. */
  keep?: true;
  cancel?: () => void;
  children: ComponentChildren;
};

/** The form's fields that an error names: they show it, and the first of them gets the focus. */
const complainedOf = (form: HTMLFormElement | null): HTMLElement[] => [
  ...(form?.querySelectorAll<HTMLElement>('[aria-invalid="true"]') ?? []),
];

export function Form({ action, values = {}, label, done, keep, cancel, children }: Formed) {
  const formElement = useRef<HTMLFormElement>(null);
  const [shownByFields, setShownByFields] = useState(false);
  useLayoutEffect(() => {
    const fields = complainedOf(formElement.current);
    setShownByFields(fields.length > 0 && fields.length >= (action.error?.fields.length ?? 0));
    fields[0]?.focus();
  }, [action.error]);
  return (
    <form
      ref={formElement}
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
      {!shownByFields && <ActionError action={action} />}
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
  /** Overrides the form's initial value. */
  value?: string | undefined;
  required?: boolean;
  placeholder?: string;
  /** A field of several lines: their number. */
  lines?: number;
  /** Values to choose from, with their names. */
  options?: Record<string, string>;
  /** Called with the chosen value. */
  change?: (chosen: string) => void;
  /** Values that are suggested while one types. */
  suggestions?: readonly string[];
};

/** The values of a field of several lines: one on each line, or separated by commas. */
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
