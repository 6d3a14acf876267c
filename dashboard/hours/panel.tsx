/** A heat map of the hours of a week, of the figure that is chosen in the cards. */
import type { Metrics } from "../../worker/reports/metrics.ts";
import { exact, short, weekday } from "../format.ts";
import { type CountedName, countedOf, SERIES } from "../headline/series.ts";
import { useNavigation } from "../navigation.ts";
import { Choices, panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { Scroll } from "../table/scroll.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { hours, hoursCsv } from "./query.ts";
import { weekOf } from "./week.ts";

const NAMES = (Object.keys(SERIES) as (keyof typeof SERIES)[]).filter((name) => countedOf(name) === name);

export const HoursPanel = panel({
  name: "hours",
  title: words.hours.weekdaysAndHours,
  query: hours,
  Show: ({ data, scope }) => <Week rows={data.rows} series={countedOf(scope.address.series)} />,
  Skeleton: () => (
    <div class="bone">
      <Week rows={[]} series="visits" />
    </div>
  ),
  Actions,
  later: true,
  zoned: true,
});

function Actions({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  return (
    <>
      <Choices
        legend={words.hours.whatIsCountedByHour}
        options={Object.fromEntries(NAMES.map((name) => [name, SERIES[name].title])) as Record<CountedName, string>}
        chosen={countedOf(address.series)}
        choose={(series) => go({ series }, "replace")}
      />
      <TableTools
        csv={{ url: hoursCsv(scope), name: `${fileNameOf("metrics", scope, "hours", countedOf(address.series))}.csv` }}
      />
    </>
  );
}

function Week({ rows, series }: { rows: Metrics["rows"]; series: CountedName }) {
  // As in the cards: registrations are counted by person, all else by event.
  const { week, most } = weekOf(rows, series === "registrations" ? "count" : "total");
  const { title } = SERIES[series];
  return (
    <Scroll name={words.hours.weekdaysAndHours}>
      <table class={`data-table week ${series}`}>
        <thead>
          <tr>
            <th scope="col">{title}</th>
            {week[0]?.map((_, hour) => (
              <th key={hour} scope="col">
                {String(hour).padStart(2, "0")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {week.map((figures, day) => (
            <tr key={day}>
              <th scope="row">{weekday(day)}</th>
              {figures.map((figure, hour) => (
                <td key={hour} title={`${weekday(day)}, ${hour}:00: ${exact(figure)}`}>
                  <data class="heat" value={figure} style={{ "--heat": most > 0 ? figure / most : 0 }}>
                    {figure > 0 && short(figure)}
                  </data>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
