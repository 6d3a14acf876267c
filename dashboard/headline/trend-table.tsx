import { exact, NOTHING } from "../format.ts";
import type { Course } from "./trend-chart.tsx";

export function TrendTable({ course: { title, titles, points, running, interval, before } }: { course: Course }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="trend-canvas trend-table" aria-label={`${title} by ${interval}`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{interval === "hour" ? "Hour" : "Day"}</th>
            <th scope="col" class="number">
              {title}
            </th>
            {before && (
              <th scope="col" class="number">
                {before.title}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {points.map((point, index) => (
            <tr key={titles[index]}>
              <th scope="row">
                {titles[index]}
                {index === running && " (so far)"}
              </th>
              <td class="number">{index > running ? NOTHING : exact(point)}</td>
              {before && <td class="number">{exact(before.points[index] ?? 0)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
