/** A framed part of the page with one query: its title, its answer, or the reason why there is none. */
import type { ComponentChildren, FunctionComponent, JSX, Ref } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Answer, Query } from "./answers.ts";
import { useAnswer } from "./answers.ts";
import type { ApiError } from "./api.ts";
import type { Scope } from "./scope.ts";
import { words } from "./words.ts";

type Asking<Data> = {
  /** The panel's name in styles, and the target of links. */
  name: string;
  title: string;
  query: (scope: Scope) => Query<Data>;
  Show: FunctionComponent<{ data: Data; scope: Scope }>;
  /** What is shown until the answer arrives, in its size. */
  Skeleton: FunctionComponent<{ scope: Scope }>;
  /** Its switches. */
  Actions?: FunctionComponent<{ scope: Scope }>;
  /** Asked only when the reader scrolls near it: it is far down the page. */
  later?: true;
  /** It shows days, so it names their time zone. */
  zoned?: true;
};

/** Makes a panel, or a whole view, from a query and a component that shows its answer. */
export function panel<Data>({ name, title, query, Show, Skeleton, Actions, later, zoned }: Asking<Data>) {
  return function Asked({ scope }: { scope: Scope }): JSX.Element {
    const [near, mark] = useNear(later);
    const answer = useAnswer(near ? query(scope) : null);
    return (
      <Panel
        name={name}
        title={title}
        zone={zoned && scope.timezone}
        actions={Actions && <Actions scope={scope} />}
        busy={answer.stale}
        mark={mark}
      >
        {near ? (
          <Answered answer={answer} what={words.inSentence(title)} skeleton={<Skeleton scope={scope} />}>
            {(data) => <Show data={data} scope={scope} />}
          </Answered>
        ) : (
          <div class="later" />
        )}
      </Panel>
    );
  };
}

/** How near to the visible part of the page a panel is loaded, so that it is there when the reader scrolls to it. */
const NEAR = "400px";

/** Whether an element has been near the visible part of the page. */
function useNear(later = false) {
  const mark = useRef<HTMLElement>(null);
  const [near, setNear] = useState(!later);
  useEffect(() => {
    if (near || !mark.current) return;
    const observer = new IntersectionObserver(
      (seen) => seen.some(({ isIntersecting }) => isIntersecting) && setNear(true),
      { rootMargin: NEAR },
    );
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [near]);
  return [near, mark] as const;
}

type Framed = {
  name: string;
  title: string;
  /** The time zone of its days. */
  zone?: string | undefined;
  actions?: ComponentChildren;
  /** On a separate page, with room for two columns. */
  wide?: boolean;
  busy?: boolean;
  mark?: Ref<HTMLElement>;
  children: ComponentChildren;
};

export function Panel({ name, title, zone, actions, wide = false, busy = false, mark = null, children }: Framed) {
  const heading = `${name}-title`;
  return (
    <section ref={mark} class={`panel ${name}${wide ? " wide" : ""}`} aria-labelledby={heading} aria-busy={busy}>
      <header class="panel-header">
        <h2 id={heading}>
          {title}
          {zone && <Zone timezone={zone} />}
        </h2>
        {actions && <div class="panel-actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** The time zone of days and hours. */
export const Zone = ({ timezone }: { timezone: string }) => (
  <span class="zone" title={words.panel.allDaysAndHoursAreOnThe}>
    {timezone}
  </span>
);

/**
 * Old data stay until new data arrive, or if these fail. A failed refresh is reported once for the whole page
 * (frame/unrefreshed.tsx), not in every panel.
 */
export function Answered<Data>({
  answer,
  what,
  skeleton,
  children,
}: {
  answer: Answer<Data>;
  what: string;
  skeleton: ComponentChildren;
  children: (data: Data) => ComponentChildren;
}) {
  const { data, error, stale, loading, retry } = answer;
  return (
    <>
      {error && (data === undefined || stale) && <Failed error={error} what={what} busy={loading} retry={retry} />}
      {data !== undefined ? (
        <div class={stale ? "answer stale" : "answer"}>{children(data)}</div>
      ) : (
        <div class={error ? "answer" : "answer waiting"}>{skeleton}</div>
      )}
    </>
  );
}

type Failure = { error: ApiError; what: string; busy: boolean; retry: () => void };

/** While the server is still working on it, that is no failure: the message says how far it is. */
const NotYet = ({ error, what }: Pick<Failure, "error" | "what">) => (
  <div class="failed soon" role="status">
    <div>
      <strong>{words.panel.notReadyYet(what)}</strong>
      <p>{words.panel.thePageAsksAgainByItself(error.message)}</p>
    </div>
  </div>
);

export function Failed({ error, what, busy, retry }: Failure) {
  if (error.status === 503 && error.again !== undefined) return <NotYet error={error} what={what} />;
  return (
    <div class="failed" role="alert">
      <div>
        <strong>{words.panel.theCouldNotBeLoaded(error.title, what)}</strong>
        <p>{error.message}</p>
      </div>
      <button type="button" class="button" onClick={retry} disabled={busy}>
        {busy ? words.common.trying : words.common.retry}
      </button>
    </div>
  );
}

/** Two or three choices, one of which is selected. */
export function Choices<Name extends string>({
  legend,
  options,
  chosen,
  choose,
}: {
  legend: string;
  options: Record<Name, string>;
  chosen: Name;
  choose: (name: Name) => void;
}) {
  return (
    <fieldset class="choices">
      <legend class="hidden">{legend}</legend>
      {(Object.keys(options) as Name[]).map((name) => (
        <button key={name} type="button" aria-pressed={name === chosen} onClick={() => choose(name)}>
          {options[name]}
        </button>
      ))}
    </fieldset>
  );
}
