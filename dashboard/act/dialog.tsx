/** A modal dialog with a question or a form. The browser keeps the focus inside, and Escape closes it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Complaint } from "../../worker/http/problem.ts";
import type { ApiError } from "../api.ts";
import { Remove } from "../icons.tsx";
import { words } from "../words.ts";
import type { Action } from "./action.ts";

type Asked = { title: string; close: () => void; wide?: boolean; children: ComponentChildren };

export function Dialog({ title, close, wide = false, children }: Asked) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => opener instanceof HTMLElement && opener.focus();
  }, []);
  return (
    <dialog ref={dialog} class={`dialog${wide ? " wide" : ""}`} aria-labelledby="dialog-title" onClose={close}>
      <header class="panel-header">
        <h2 id="dialog-title">{title}</h2>
        <button
          type="button"
          class="button quiet square"
          aria-label={words.common.close}
          onClick={() => dialog.current?.close()}
        >
          <Remove />
        </button>
      </header>
      {children}
    </dialog>
  );
}

type Confirmed = {
  title: string;
  /** What happens, and whether it can be undone. */
  children: ComponentChildren;
  /** The button's text: the act itself, such as `Revoke the key`. */
  label: string;
  /** `primary` if the act deletes nothing. */
  tone?: "danger" | "primary";
  action: Action<[]>;
  close: () => void;
};

/** Asks for confirmation before an act that cannot be undone, or that affects much. */
export function Confirm({ title, children, label, tone = "danger", action, close }: Confirmed) {
  return (
    <Dialog title={title} close={close}>
      <div class="dialog-body">{children}</div>
      <ActionError action={action} />
      <p class="dialog-actions">
        <button type="button" class="button" onClick={close}>
          {words.act.cancel}
        </button>
        <button
          type="button"
          class={`button ${tone}`}
          disabled={action.busy}
          onClick={async () => (await action.run()) && close()}
        >
          {action.busy ? words.common.working : label}
        </button>
      </p>
    </Dialog>
  );
}

/** Whether to show its message: some messages only repeat the errors of the fields. */
const saysAll = ({ fields, message }: ApiError) =>
  fields.length === 0 ||
  fields
    .map((field) => field.message)
    .join("; ")
    .toLowerCase() === message.toLowerCase();

/** The errors of each field. */
export const Complaints = ({ of: complaints }: { of: readonly Complaint[] }) => (
  <ul class="complaints">
    {complaints.map(({ field, code, message }) => (
      <li key={`${field} ${code} ${message}`}>
        {!message.startsWith(field) && <code>{field}</code>} {message}
      </li>
    ))}
  </ul>
);

/** Why an action failed, without the errors that are shown at their fields. */
export function ActionError({ action: { error } }: { action: Pick<Action<never>, "error"> }) {
  if (!error) return null;
  const all = saysAll(error);
  return (
    <div class="failed" role="alert">
      <div>
        <strong>{all ? error.title : error.message.split(": ")[0]}</strong>
        {all ? <p>{error.message}</p> : <Complaints of={error.fields} />}
      </div>
    </div>
  );
}
