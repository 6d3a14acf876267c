/** A schema as a list of its fields; what lies deeper opens on demand. */
import { useState } from "preact/hooks";
import { type Document, limitsOf, resolve, type Schema, typeOf } from "./document.ts";
import { Prose } from "./prose.tsx";

type Given = { document: Document; schema: Schema };

type Inside = { title: string | null; schema: Schema };

/** What is inside: of a list its items, of a choice each choice. */
function insideOf(document: Document, given: Schema): Inside[] {
  const { schema } = resolve(document, given);
  if (schema.items) return insideOf(document, schema.items);
  const choices = (schema.anyOf ?? schema.oneOf ?? []).filter(({ type }) => type !== "null");
  if (choices.length > 0) return choicesOf(document, choices);
  if (schema.properties) return [{ title: null, schema }];
  if (typeof schema.additionalProperties === "object") return insideOf(document, schema.additionalProperties);
  return [];
}

/** One of a thing and a list of it are told together. */
function choicesOf(document: Document, choices: Schema[]): Inside[] {
  const found = new Map<string, Inside>();
  for (const choice of choices) {
    const type = typeOf(document, choice);
    for (const { title, schema } of insideOf(document, choice)) {
      const same = JSON.stringify(schema);
      const before = found.get(same);
      found.set(same, { title: before ? `${before.title} | ${type}` : (title ?? type), schema });
    }
  }
  return [...found.values()];
}

export function SchemaView({ document, schema }: Given) {
  const inside = insideOf(document, schema);
  return (
    <div class="schema">
      {inside.length !== 1 && <p class="type">{typeOf(document, schema)}</p>}
      {inside.map((inner, index) => (
        <div key={index}>
          {inside.length > 1 && inner.title && <p class="schema-title type">{inner.title}</p>}
          <Fields document={document} schema={inner.schema} />
        </div>
      ))}
    </div>
  );
}

function Fields({ document, schema }: Given) {
  return (
    <dl class="fields">
      {Object.entries(schema.properties ?? {}).map(([name, property]) => (
        <Field
          key={name}
          document={document}
          name={name}
          schema={property}
          required={schema.required?.includes(name)}
        />
      ))}
    </dl>
  );
}

function Field({ document, name, schema, required }: Given & { name: string; required: boolean | undefined }) {
  const inside = insideOf(document, schema);
  const { description } = resolve(document, schema).schema;
  const limits = limitsOf(schema);
  return (
    <div class="field">
      <dt>
        <code class="name">{name}</code> <span class="type">{typeOf(document, schema)}</span>
        {!required && <span class="optional">optional</span>}
      </dt>
      <dd>
        {description && <Prose text={description} />}
        {limits && <p class="limits">{limits}</p>}
        {inside.length > 0 && <Deeper document={document} schema={schema} />}
      </dd>
    </div>
  );
}

/** Rendered when it is opened: a schema that holds itself would have no end. */
function Deeper(given: Given) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Its fields</summary>
      {open && <SchemaView {...given} />}
    </details>
  );
}
