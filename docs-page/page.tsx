/** The page: the operations by tag beside their list, and the key that requests are sent with. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { Mark } from "../dashboard/icons.tsx";
import { setTheme, THEMES, type Theme, useTheme } from "../dashboard/theme.ts";
import { type Document, loadDocument, type Operation, operationsOf } from "./document.ts";
import { Method, OperationView } from "./operation.tsx";
import { Prose } from "./prose.tsx";

/** Of a tag: an id has no spaces. */
const idOf = (tag: string) => tag.replaceAll(" ", "-");
const inAddress = () => decodeURIComponent(location.hash.slice(1));

export function Page() {
  const [document, setDocument] = useState<Document | Error | null>(null);
  const load = () => {
    setDocument(null);
    loadDocument().then(setDocument, setDocument);
  };
  useEffect(load, []);
  return (
    <>
      <Header />
      {document instanceof Error ? (
        <main class="notice">
          <p class="failed" role="alert">
            The document could not be read: {document.message}
            <button type="button" class="button" onClick={load}>
              Try again
            </button>
          </p>
        </main>
      ) : (
        document && <Contents document={document} />
      )}
    </>
  );
}

function Header() {
  const theme = useTheme();
  return (
    <header class="header">
      <a class="brand" href="/">
        <Mark />
        <span>Edgepixel</span>
      </a>
      <h1>API</h1>
      <div class="header-end">
        <a class="to-document" href="/openapi.json">
          openapi.json
        </a>
        <select
          class="input"
          aria-label="Appearance"
          value={theme}
          onChange={(event) => setTheme(event.currentTarget.value as Theme)}
        >
          {THEMES.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
    </header>
  );
}

function Contents({ document }: { document: Document }) {
  const operations = useMemo(() => operationsOf(document), [document]);
  const [apiKey, setApiKey] = useState("");
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set([inAddress()]));
  const toggle = (id: string) => setOpen((before) => before.symmetricDifference(new Set([id])));

  useEffect(() => {
    const follow = () => {
      const id = inAddress();
      if (id) setOpen((before) => new Set([...before, id]));
      requestAnimationFrame(() => window.document.getElementById(id)?.scrollIntoView());
    };
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);

  return (
    <div class="contents">
      <List document={document} operations={operations} />
      <main>
        <section class="panel introduction">
          <Prose text={document.info.description} />
          <label class="key">
            <span>Key</span>
            <input
              class="input"
              type="password"
              value={apiKey}
              placeholder="ep_…"
              autocomplete="off"
              spellcheck={false}
              onInput={(event) => setApiKey(event.currentTarget.value.trim())}
            />
          </label>
          <p class="limits">
            Sent with each request below that needs one, and forgotten when this page is closed. Without it, requests
            are made as whoever is signed in to the dashboard here.
          </p>
        </section>
        {document.tags.map(({ name, description }) => (
          <section key={name} class="tag" aria-label={name}>
            <h2 id={idOf(name)}>{name}</h2>
            <Prose text={description} className="muted" />
            {operations
              .filter(({ tags }) => tags.includes(name))
              .map((operation) => (
                <OperationView
                  key={operation.operationId}
                  document={document}
                  operation={operation}
                  apiKey={apiKey}
                  open={open.has(operation.operationId)}
                  toggle={() => toggle(operation.operationId)}
                />
              ))}
          </section>
        ))}
      </main>
    </div>
  );
}

/** Beside the operations where there is room, else above them and closed. */
function List({ document, operations }: { document: Document; operations: Operation[] }) {
  const [wide] = useState(() => matchMedia("(min-width: 64rem)").matches);
  return (
    <nav class="list" aria-label="Operations">
      <details open={wide}>
        <summary>All operations</summary>
        {document.tags.map(({ name }) => (
          <div key={name}>
            <h2>
              <a href={`#${idOf(name)}`}>{name}</a>
            </h2>
            <ul>
              {operations
                .filter(({ tags }) => tags.includes(name))
                .map(({ operationId, method, summary }) => (
                  <li key={operationId}>
                    <a href={`#${operationId}`}>
                      <Method method={method} />
                      <span>{summary}</span>
                    </a>
                  </li>
                ))}
            </ul>
          </div>
        ))}
      </details>
    </nav>
  );
}
