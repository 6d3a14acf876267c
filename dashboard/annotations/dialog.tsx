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
import { words } from "../words.ts";
import { annotations } from "./query.ts";

type Fronted = { scope: Scope; close: () => void };

export function NotesDialog({ scope, close }: Fronted) {
  const answer = useAnswer(annotations(scope, scope));
  const [opened, open] = useState<AnnotationView | "new" | null>(null);
  const writes = may(scope.principal, "analyst");
  if (opened !== null)
    return <NoteForm scope={scope} of={opened === "new" ? undefined : opened} close={() => open(null)} />;
  return (
    <Dialog title={words.annotations.notes} close={close}>
      <div class="dialog-body">
        <p class="muted">{words.annotations.whatWasNotedOnDaysOfAllWho(periodText(scope))}</p>
        <Answered answer={answer} what={words.annotations.notesInMessage} skeleton={<p class="bone">Notes</p>}>
          {({ rows }) =>
            rows.length === 0 ? (
              <p>{words.annotations.noneYet}</p>
            ) : (
              <ul class="notes">
                {rows.map((annotation) => (
                  <Note key={annotation.annotation_id} note={annotation} change={() => open(annotation)} />
                ))}
              </ul>
            )
          }
        </Answered>
      </div>
      <p class="dialog-actions">
        <button type="button" class="button" onClick={close}>
          {words.common.close}
        </button>
        {writes && (
          <button type="button" class="button primary" onClick={() => open("new")}>
            {words.annotations.addANote}
          </button>
        )}
      </p>
    </Dialog>
  );
}

function Note({ note: annotation, change }: { note: AnnotationView; change: () => void }) {
  const { annotation_id, text, author, own: isOwn } = annotation;
  const remove = useAction(
    () => read(client.annotations[":annotation_id"].$delete({ param: { annotation_id } })),
    words.annotations.theNoteIsRemoved,
  );
  return (
    <li>
      <span>
        <strong>{periodText(annotation)}</strong> {text} <span class="muted">{words.annotations.by(author)}</span>
      </span>
      {isOwn && (
        <span class="note-actions">
          <button type="button" class="button quiet" onClick={change}>
            {words.annotations.change}
          </button>
          <button type="button" class="button quiet" disabled={remove.busy} onClick={() => remove.run()}>
            {words.annotations.remove}
          </button>
        </span>
      )}
      {remove.error && <span role="alert">{remove.error.message}</span>}
    </li>
  );
}

function NoteForm({
  scope: { project_id, today, to },
  of: annotation,
  close,
}: Fronted & { of: AnnotationView | undefined }) {
  const day = to < today ? to : today;
  const action = useAction(async ({ from = "", to, text = "" }: Filled) => {
    const body = { from, to: to || from, text };
    await read(
      annotation
        ? client.annotations[":annotation_id"].$patch({
            param: { annotation_id: annotation.annotation_id },
            json: body,
          })
        : client.annotations.$post({ json: { project_id, ...body } }),
    );
  }, words.annotations.theNoteIsSaved);
  return (
    <Dialog title={annotation ? words.annotations.changeTheNote : words.annotations.addANote} close={close}>
      <Form action={action} label={words.common.save} done={close} cancel={close}>
        <div class="fields">
          <Field name="from" label={words.annotations.firstDay} type="date" value={annotation?.from ?? day} required />
          <Field name="to" label={words.annotations.lastDay} type="date" value={annotation?.to ?? day} />
        </div>
        <Field
          name="text"
          label={words.annotations.note}
          value={annotation?.text}
          hint={words.annotations.upTo200Characters}
          required
        />
      </Form>
    </Dialog>
  );
}
