/** A key that can send events and nothing more, made here and shown this once. */
import { useState } from "preact/hooks";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { Field, type Filled, Form } from "../act/form.tsx";
import { client, read } from "../api.ts";

export function MakeKey({ project_id }: { project_id: string }) {
  const [key, show] = useState<string | null>(null);
  const action = useAction(async ({ name }: Filled) => {
    const made = await read(client.keys.$post({ json: { name: name as string, project_id, role: "collect" } }));
    show(made.key);
  }, "The key is made.");
  if (key !== null)
    return (
      <>
        <p>This is the only time that the key is shown. Keep it where the server's secrets are.</p>
        <Copied text={`export EDGEPIXEL_KEY=${key}`} what="the key" />
      </>
    );
  return (
    <Form action={action} label="Create key">
      <Field
        name="name"
        label="Key for"
        value={`Servers of ${project_id}`}
        hint="It can send events of this project, and read nothing."
        required
      />
    </Form>
  );
}
