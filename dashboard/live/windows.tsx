/** Counts by type over the last minutes and today. */
import type { WindowName } from "../../worker/live/windows.ts";
import { Count } from "../figure.tsx";
import { words } from "../format.ts";

const COLUMNS: readonly [WindowName, string, string][] = [
  ["1m", "1 min", "The last minute"],
  ["5m", "5 min", "The last 5 minutes"],
  ["60m", "60 min", "The last 60 minutes"],
  ["today", "Today", "Since midnight on the project's clock"],
];
/** Always there; whatever else happens comes after them. */
const ALWAYS = ["visit", "registration", "deposit"];

export type ByType = Record<WindowName, Record<string, number>>;

export function Windows({ windows }: { windows: ByType | undefined }) {
  const others = Object.entries(windows?.today ?? {})
    .filter(([type]) => !ALWAYS.includes(type))
    .sort(([, a], [, b]) => b - a)
    .map(([type]) => type);
  return (
    <table class="windows">
      <thead>
        <tr>
          <th scope="col">
            <span class="hidden">Event type</span>
          </th>
          {COLUMNS.map(([name, title, hint]) => (
            <th key={name} scope="col" class="number" title={hint}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {[...ALWAYS, ...others].map((type) => (
          <tr key={type}>
            <th scope="row">
              <span class={`dot ${type}`} aria-hidden="true" />
              {words(type)}
            </th>
            {COLUMNS.map(([name]) => (
              <td key={name} class="number" data-live={`${type} ${name}`}>
                {windows ? <Count value={windows[name][type] ?? 0} /> : <span class="bone">00</span>}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
