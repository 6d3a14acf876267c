/** An operation's form: filled in, shown as curl, sent, and its answer. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Code } from "./code.tsx";
import { type Document, limitsOf, type Operation, type Parameter, typeOf } from "./document.ts";
import { Prose } from "./prose.tsx";
import { addressOf, curlOf, type Filled, isOpen, missingIn, type Received, send, type Values } from "./request.ts";
import { Socket, socketAddress } from "./socket.tsx";

type Given = { document: Document; operation: Operation; apiKey: string };

const inForm = ({ in: place, name }: Parameter) => `${place}.${name}`;
const pretty = (value: unknown) => JSON.stringify(value, null, 2);

export function TryOut({ document, operation, apiKey }: Given) {
  const { parameters = [] } = operation;
  const examples = Object.entries(operation.requestBody?.content["application/json"]?.examples ?? {});
  const [values, setValues] = useState<Values>(() =>
    Object.fromEntries(parameters.map((parameter) => [inForm(parameter), parameter.example ?? ""])),
  );
  const [body, setBody] = useState(() => (operation.requestBody ? pretty(examples[0]?.[1].value ?? {}) : null));
  const [received, setReceived] = useState<Received | "sending" | Error | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const filled: Filled = { values, body, key: apiKey };
  const missing = missingIn(operation, filled);
  const submit = async () => {
    running.current?.abort();
    const attempt = new AbortController();
    running.current = attempt;
    const { signal } = attempt;
    setReceived("sending");
    try {
      const answer = await send(operation, filled, signal);
      if (!signal.aborted) setReceived(answer);
    } catch (error) {
      if (!signal.aborted) setReceived(error as Error);
    }
  };
  return (
    <form
      class="try"
      onSubmit={(event) => {
        event.preventDefault();
        if (missing.length === 0) void submit();
      }}
    >
      {parameters.length > 0 && (
        <fieldset class="parameters">
          <legend>Parameters</legend>
          {parameters.map((parameter) => (
            <Input
              key={inForm(parameter)}
              document={document}
              parameter={parameter}
              value={values[inForm(parameter)] ?? ""}
              change={(value) => setValues({ ...values, [inForm(parameter)]: value })}
            />
          ))}
        </fieldset>
      )}
      {body !== null && <Body body={body} change={setBody} examples={examples} />}
      {operation["x-messages"] ? (
        <Code title="Address" text={socketAddress(addressOf(operation, filled))} />
      ) : (
        <Code title="Request" text={curlOf(operation, filled)} />
      )}
      {operation["x-messages"] ? (
        <Socket address={socketAddress(addressOf(operation, filled))} />
      ) : (
        <div class="actions">
          <button type="submit" class="button primary" disabled={missing.length > 0}>
            Send {operation.method}
          </button>
          <span class="muted" role="status">
            {missing.length > 0
              ? `Fill in ${missing.join(", ")} first.`
              : received === "sending"
                ? "Sending …"
                : operation.method !== "GET" && "It is really sent, to this instance."}
          </span>
        </div>
      )}
      {received instanceof Error && (
        <p class="failed" role="alert">
          There was no answer: {received.message}
        </p>
      )}
      {received !== null && received !== "sending" && !(received instanceof Error) && <Response received={received} />}
    </form>
  );
}

type Inputs = { document: Document; parameter: Parameter; value: string; change: (value: string) => void };

function Input({ document, parameter, value, change }: Inputs) {
  const id = useId();
  const { name, required, description, schema } = parameter;
  const limits = limitsOf(schema);
  return (
    <div class="parameter">
      <label for={id}>
        <code class="name">{name}</code>
        {required && <span class="required">required</span>}
        <span class="type">{schema.enum ? "" : isOpen(parameter) ? "name=value&…" : typeOf(document, schema)}</span>
      </label>
      {schema.enum ? (
        <select id={id} class="input" value={value} onChange={(event) => change(event.currentTarget.value)}>
          <option value="">–</option>
          {schema.enum.map((one) => (
            <option key={String(one)} value={String(one)}>
              {String(one)}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          class="input"
          {...(schema.format === "date" ? { type: "date" } : { type: "text" })}
          value={value}
          required={required === true && parameter.in === "path"}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          onInput={(event) => change(event.currentTarget.value)}
        />
      )}
      <div class="about">
        {description && <Prose text={description} />}
        {limits && <p class="limits">{limits}</p>}
      </div>
    </div>
  );
}

type Bodies = { body: string; change: (body: string) => void; examples: [string, { value: unknown }][] };

function Body({ body, change, examples }: Bodies) {
  const id = useId();
  return (
    <div class="body">
      <div class="body-header">
        <label for={id}>Body</label>
        {examples.length > 1 &&
          examples.map(([name, { value }]) => (
            <button key={name} type="button" class="button quiet" onClick={() => change(pretty(value))}>
              {name}
            </button>
          ))}
      </div>
      <textarea
        id={id}
        class="input code"
        rows={Math.min(18, body.split("\n").length + 1)}
        value={body}
        spellcheck={false}
        autocapitalize="none"
        onInput={(event) => change(event.currentTarget.value)}
      />
    </div>
  );
}

function Response({ received }: { received: Received }) {
  const { status, title, ok, milliseconds, headers, body } = received;
  return (
    <section class="response" aria-label="Response" aria-live="polite">
      <p class="response-line">
        <strong class={ok ? "status good" : "status bad"}>
          {status} {title}
        </strong>
        <span class="muted">{milliseconds} ms</span>
      </p>
      {body && <Code title={received.media} text={body} />}
      <details>
        <summary>{headers.length} headers</summary>
        <pre class="code">{headers.map(([name, value]) => `${name}: ${value}`).join("\n")}</pre>
      </details>
    </section>
  );
}
