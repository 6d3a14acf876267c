/** Registers a version of a schema; one that would refuse events accepted now is refused, unless the user confirms it. */

import { useState } from "preact/hooks";
import type { SchemaMode } from "../../worker/store/schema.ts";
import { useAction } from "../act/action.ts";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, Tick } from "../act/form.tsx";
import { readJson } from "../act/json.ts";
import { client, read } from "../api.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import { MODES } from "./query.ts";

const FIRST = {
  type: "object",
  properties: { data: { type: "object", required: ["level"], properties: { level: { type: "integer", minimum: 1 } } } },
};

type Registering = {
  scope: Scope;
  /** The type and its present schema; absent for a type's first schema. */
  event_type?: string;
  schema?: Record<string, unknown>;
  close: (registered?: string) => void;
};

export function RegisterSchema({ scope: { project_id }, event_type, schema = FIRST, close }: Registering) {
  const [type, setType] = useState(event_type);
  const action = useAction(async ({ event_type: typed, mode, schema, insist }: Filled) => {
    const name = event_type ?? typed ?? "";
    setType(name);
    const body = {
      project_id,
      event_type: name,
      schema: readJson("schema", schema),
      ...(mode && { mode: mode as SchemaMode }),
    };
    const query = { compatibility: insist ? "none" : "required" } as const;
    await read(client.schemas.$post({ query, json: body }));
  }, words.schemas.theSchemaIsRegisteredItIs);
  const incompatible = action.error?.status === 409;
  return (
    <Dialog
      title={event_type ? words.schemas.aNewVersionFor(event_type) : words.schemas.aSchemaForAnEventType}
      wide
      close={close}
    >
      <Form action={action} label={words.schemas.register} done={() => close(type)} cancel={() => close()}>
        {!event_type && (
          <div class="fields">
            <Field name="event_type" label={words.common.eventType} placeholder="level_up" required />
            <Field name="mode" label={words.schemas.mode} options={MODES} value="warn" />
          </div>
        )}
        <Field
          name="schema"
          label={words.schemas.jsonSchema}
          hint={words.schemas.keysOfAnEventOwnStandIn}
          lines={16}
          value={JSON.stringify(schema, null, 2)}
          required
        />
        {incompatible && <Tick name="insist" label={words.schemas.registerAllTheSameEvents} />}
      </Form>
    </Dialog>
  );
}
