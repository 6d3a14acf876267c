/** Forms: a labelled field with its hint, and what the server says of it beside it. */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Action } from "./action.ts";
import { ActionError } from "./dialog.tsx";

/** What a form holds: the text of each field; absent where a box is not ticked. */
export type Filled = Partial<Record<string, string>>;

type Formed = {
  action: Action<[Filled]>;
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

export function Form({ action, label, done, keep, cancel, children }: Formed) {
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
      {children}
      {!told && <ActionError action={action} />}
      <p class="dialog-actions">
        {cancel && (
          <button type="button" class="button" onClick={cancel}>
            Cancel
          </button>
        )}
        <button type="submit" class="button primary" disabled={action.busy}>
          {action.busy ? "Working…" : label}
        </button>
      </p>
    </form>
  );
}

type Fielded = {
  name: string;
  label: string;
  hint?: ComponentChildren;
  /** The action whose error may be about this field. */
  action?: Pick<Action<never>, "error">;
  type?: "text" | "password" | "number" | "date" | "datetime-local" | "search" | "email";
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
  action,
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
  const complaint = action?.error?.fields.find(({ field }) => field === name || field.startsWith(`${name}.`));
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
            <option key={option} value={option} selected={option === value}>
              {called}
            </option>
          ))}
        </select>
      ) : lines ? (
        <textarea {...common} rows={lines} spellcheck={false} defaultValue={value} />
      ) : (
        <input
          {...common}
          type={type as "text"}
          list={suggestions && `${id}-list`}
          autocomplete="off"
          spellcheck={false}
          defaultValue={value}
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
export function Tick({ name, label, checked = false }: { name: string; label: ComponentChildren; checked?: boolean }) {
  return (
    <label class="tick">
      <input type="checkbox" name={name} defaultChecked={checked} /> <span>{label}</span>
    </label>
  );
}
