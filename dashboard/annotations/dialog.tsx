/** The notes of a period: read, added, changed and removed. */
import { useState } from "preact/hooks";
import type { AnnotationView } from "../../worker/admin/annotations.ts";
import { may } from "../../worker/http/principal.ts";
import { useAction } from "../act/action.ts";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form } from "../act/form.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { periodText } from "../format.ts";
import { Answered } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { annotations } from "./query.ts";

type Fronted = { scope: Scope; close: () => void };

export function NotesDialog({ scope, close }: Fronted) {
  const answer = useAnswer(annotations(scope, scope));
  const [opened, open] = useState<AnnotationView | "new" | null>(null);
  const writes = may(scope.principal, "analyst");
  if (opened !== null)
    return <NoteForm scope={scope} of={opened === "new" ? undefined : opened} close={() => open(null)} />;
  return (
    <Dialog title="Notes" close={close}>
      <div class="dialog-body">
        <p class="muted">What was noted on days of {periodText(scope)}. All who read the project see it.</p>
        <Answered answer={answer} what="notes" skeleton={<p class="bone">Notes</p>}>
          {({ rows }) =>
            rows.length === 0 ? (
              <p>None yet.</p>
            ) : (
              <ul class="notes">
                {rows.map((note) => (
                  <Note key={note.annotation_id} note={note} change={() => open(note)} />
                ))}
              </ul>
            )
          }
        </Answered>
      </div>
      <p class="dialog-actions">
        <button type="button" class="button" onClick={close}>
          Close
        </button>
        {writes && (
          <button type="button" class="button primary" onClick={() => open("new")}>
            Add a note
          </button>
        )}
      </p>
    </Dialog>
  );
}

function Note({ note, change }: { note: AnnotationView; change: () => void }) {
  const { annotation_id, text, author, own } = note;
  const remove = useAction(
    () => read(client.annotations[":annotation_id"].$delete({ param: { annotation_id } })),
    "The note is removed.",
  );
  return (
    <li>
      <span>
        <strong>{periodText(note)}</strong> {text} <span class="muted">by {author}</span>
      </span>
      {own && (
        <span class="note-actions">
          <button type="button" class="button quiet" onClick={change}>
            Change
          </button>
          <button type="button" class="button quiet" disabled={remove.busy} onClick={() => remove.run()}>
            Remove
          </button>
        </span>
      )}
      {remove.error && <span role="alert">{remove.error.message}</span>}
    </li>
  );
}

function NoteForm({ scope: { project_id, today, to }, of, close }: Fronted & { of: AnnotationView | undefined }) {
  const day = to < today ? to : today;
  const action = useAction(async ({ from = "", to, text = "" }: Filled) => {
    const body = { from, to: to || from, text };
    await read(
      of
        ? client.annotations[":annotation_id"].$patch({ param: { annotation_id: of.annotation_id }, json: body })
        : client.annotations.$post({ json: { project_id, ...body } }),
    );
  }, "The note is saved.");
  return (
    <Dialog title={of ? "Change the note" : "Add a note"} close={close}>
      <Form action={action} label="Save" done={close} cancel={close}>
        <div class="fields">
          <Field name="from" label="First day" type="date" value={of?.from ?? day} required />
          <Field name="to" label="Last day" type="date" value={of?.to ?? day} />
        </div>
        <Field name="text" label="Note" value={of?.text} hint="200 characters at most." required />
      </Form>
    </Dialog>
  );
}
