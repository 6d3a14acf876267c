import { NOTHING } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import type { Period } from "../period.ts";
import { inWords } from "../table/value.tsx";
import { words } from "../words.ts";
import type { Picture } from "./picture.ts";

export function ChartTable({ picture, summary }: { picture: Picture; summary: string }) {
  const { go } = useNavigation();
  const { bucket, titles, days, lines, running = Number.POSITIVE_INFINITY, kind, currency } = picture;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling element must be reachable by keyboard
    <section class="chart chart-table" aria-label={summary} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{bucket}</th>
            {lines.map(({ title }) => (
              <th key={title} scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {titles.map((title, index) => (
            <tr key={title}>
              <th scope="row">
                {days?.[index] ? (
                  <button
                    type="button"
                    class="link"
                    onClick={() => go({ period: days[index] as Period, interval: "auto" })}
                  >
                    {title}
                  </button>
                ) : (
                  title
                )}
                {index === running && words.chart.soFar}
              </th>
              {lines.map((line) => (
                <td key={line.title} class="number">
                  {index > running && line.as !== "faint"
                    ? NOTHING
                    : inWords(kind, line.points[index] ?? null, currency)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
