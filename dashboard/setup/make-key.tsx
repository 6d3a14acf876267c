/** Makes a key that can only send events, and shows it once. */
import { useState } from "preact/hooks";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { Field, type Filled, Form } from "../act/form.tsx";
import { client, read } from "../api.ts";
import { words } from "../words.ts";

export function MakeKey({ project_id }: { project_id: string }) {
  const [key, show] = useState<string | null>(null);
  const action = useAction(async ({ name }: Filled) => {
    const made = await read(client.keys.$post({ json: { name: name as string, project_id, role: "collect" } }));
    show(made.key);
  }, words.setup.theKeyIsMade);
  if (key !== null)
    return (
      <>
        <p>{words.setup.thisIsTheOnlyTimeThatThe}</p>
        <Copied text={`export EDGEPIXEL_KEY=${key}`} what={words.setup.theKey} />
      </>
    );
  return (
    <Form action={action} label={words.common.createKey}>
      <Field
        name="name"
        label={words.setup.keyFor}
        value={words.setup.serversOf(project_id)}
        hint={words.setup.itCanSendEventsOfThis}
        required
      />
    </Form>
  );
}
