/** The strip above the figures that lists what needs attention, each with a link; absent if there is nothing. */
import { useEffect } from "preact/hooks";
import { addDays } from "../../worker/calendar.ts";
import type { Answer } from "../answers.ts";
import { Link } from "../link.tsx";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import { type Looked, signsOf } from "./signs.ts";

/** How often it is refreshed while the page is visible. */
const AGAIN_MS = 300_000;

export function AttentionStrip({ scope, answer: { data, retry } }: { scope: Scope; answer: Answer<Looked> }) {
  const { project_id, timezone, today } = scope;
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && retry(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [project_id, today]);
  const signs = data ? signsOf(data, timezone, { today, yesterday: addDays(today, -1) }) : [];
  if (signs.length === 0) return null;
  return (
    <section class="attention" aria-label={words.attention.needsAttention}>
      <ul>
        {signs.map(({ key, text, to }) => (
          <li key={key} data-sign={key}>
            <Link to={to}>{text}</Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
