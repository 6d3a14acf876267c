/** Counts by type over the last minutes and today. */
import type { WindowName } from "../../worker/live/windows.ts";
import { Count } from "../figure.tsx";
import { titled } from "../format.ts";
import { words } from "../words.ts";

const COLUMNS: readonly [WindowName, string, string][] = [
  ["1m", words.live.min(1), words.live.theLastMinute],
  ["5m", words.live.min(5), words.live.theLast5Minutes],
  ["60m", words.live.min(60), words.live.theLast60Minutes],
  ["today", words.common.today, words.live.sinceMidnightOnTheProject],
];
/** These types are always shown; other types come after them. */
const ALWAYS = ["visit", "registration", "deposit"];

export type ByType = Record<WindowName, Record<string, number>>;

type Counted = {
  windows: ByType | undefined;
  /** How many further types have a row; the rest is summed. */
  others?: number;
};

export function Windows({ windows, others: shown = Number.POSITIVE_INFINITY }: Counted) {
  const others = Object.entries(windows?.today ?? {})
    .filter(([type]) => !ALWAYS.includes(type))
    .sort(([, a], [, b]) => b - a)
    .map(([type]) => type);
  // A single rest is shown by its name and not as "others".
  const rest = others.length > shown + 1 ? others.slice(shown) : [];
  const rows = [...ALWAYS, ...others.slice(0, others.length - rest.length)].map((type) => ({
    name: type,
    title: titled(type),
    types: [type],
  }));
  if (rest.length > 0) rows.push({ name: "others", title: words.live.otherTypes(rest.length), types: rest });
  return (
    <table class="windows">
      <thead>
        <tr>
          <th scope="col">
            <span class="hidden">{words.common.eventType}</span>
          </th>
          {COLUMNS.map(([name, title, hint]) => (
            <th key={name} scope="col" class="number" title={hint}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name: row, title, types }) => (
          <tr key={row}>
            <th scope="row">
              <span class={`dot ${row}`} aria-hidden="true" />
              {title}
            </th>
            {COLUMNS.map(([name]) => (
              <td key={name} class="number" data-live={`${row} ${name}`}>
                {windows ? (
                  <Count value={types.reduce((all, type) => all + (windows[name][type] ?? 0), 0)} />
                ) : (
                  <span class="bone">00</span>
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
