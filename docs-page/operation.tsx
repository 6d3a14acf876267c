/** One operation: closed it is a line, open it is its form and what it answers. */
import { useState } from "preact/hooks";
import { type Answer, type Document, type Operation, resolveAnswer } from "./document.ts";
import { Prose } from "./prose.tsx";
import { SchemaView } from "./schema.tsx";
import { TryOut } from "./try-out.tsx";

type Given = { document: Document; operation: Operation; apiKey: string; open: boolean; toggle: () => void };

export const Method = ({ method }: { method: string }) => (
  <span class={`method ${method.toLowerCase()}`}>{method}</span>
);

export function OperationView({ document, operation, apiKey, open, toggle }: Given) {
  const { operationId, method, path, summary, description } = operation;
  const role = operation["x-role"];
  return (
    <article class="operation panel" id={operationId}>
      <h3>
        <button type="button" class="operation-line" aria-expanded={open} onClick={toggle}>
          <Method method={method} />
          <code class="path">{path}</code>
          <span class="summary">{summary}</span>
          {role && <span class="role">{role}</span>}
        </button>
      </h3>
      {open && (
        <div class="operation-body">
          <div>
            {description && <Prose text={description} className="description" />}
            <TryOut document={document} operation={operation} apiKey={apiKey} />
          </div>
          <Reference document={document} operation={operation} />
        </div>
      )}
    </article>
  );
}

function Reference({ document, operation }: Pick<Given, "document" | "operation">) {
  const body = operation.requestBody?.content["application/json"]?.schema;
  const messages = operation["x-messages"];
  return (
    <div class="reference">
      {body && (
        <section>
          <h4>What the body may hold</h4>
          <SchemaView document={document} schema={body} />
        </section>
      )}
      {messages && (
        <section>
          <h4>What the socket sends</h4>
          <SchemaView document={document} schema={messages} />
        </section>
      )}
      <Answers document={document} answers={operation.responses} />
    </div>
  );
}

function Answers({ document, answers }: { document: Document; answers: Record<string, Answer> }) {
  const statuses = Object.keys(answers);
  const [chosen, choose] = useState(statuses.find((status) => status < "300") ?? statuses[0] ?? "");
  const answer = resolveAnswer(document, answers[chosen] ?? {});
  return (
    <section>
      <h4>What it answers</h4>
      <div class="choices statuses">
        {statuses.map((status) => (
          <button key={status} type="button" aria-pressed={status === chosen} onClick={() => choose(status)}>
            {status}
          </button>
        ))}
      </div>
      {answer.description && <Prose text={answer.description} className="description" />}
      {answer.headers && (
        <p class="limits">
          Headers: <code>{Object.keys(answer.headers).join(", ")}</code>
        </p>
      )}
      {answer["x-tables"] && (
        <p class="limits">
          Also: <code>{answer["x-tables"].join(", ")}</code>
        </p>
      )}
      {Object.entries(answer.content ?? {}).map(([media, { schema }]) => (
        <div key={media}>
          <p class="media">
            <code>{media}</code>
          </p>
          {schema && media.endsWith("json") && <SchemaView document={document} schema={schema} />}
        </div>
      ))}
    </section>
  );
}
