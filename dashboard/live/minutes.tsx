/** The last 60 minutes as bars, the present minute last. */
import { clockTime, exact } from "../format.ts";
import { words } from "../words.ts";
import type { Counts } from "./state.ts";

const HEIGHT = 40;
const STACK = ["visit", "registration", "deposit"] as const;

export function Minutes({ minutes = [], timezone }: { minutes: Counts["minutes"] | undefined; timezone: string }) {
  const sums = minutes.map(({ by_type }) => Object.values(by_type).reduce((all, count) => all + count, 0));
  const most = Math.max(1, ...sums);
  const time = (index: number) => (minutes[index] ? clockTime(minutes[index].minute, timezone, false) : "");
  return (
    <figure class="minutes">
      <svg
        viewBox={`0 0 240 ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words.live.eventsByMinuteInTheLast(exact(Math.max(0, ...sums)))}
      >
        {minutes.map(({ minute, by_type }, index) => {
          const sum = sums[index] ?? 0;
          let top = HEIGHT;
          const bar = (type: string, count: number) => {
            const height = (count / most) * HEIGHT;
            top -= height;
            return <rect key={type} class={`fill ${type}`} x={index * 4} y={top} width={3} height={height} />;
          };
          const known = STACK.map((type) => [type, by_type[type] ?? 0] as const);
          const other = sum - known.reduce((all, [, count]) => all + count, 0);
          return (
            <g key={minute}>
              <title>{`${time(index)}: ${exact(sum)}`}</title>
              <rect class="fill none" x={index * 4} y={0} width={4} height={HEIGHT} />
              {sum === 0 && <rect class="fill nothing" x={index * 4} y={HEIGHT - 1} width={3} height={1} />}
              {known.map(([type, count]) => count > 0 && bar(type, count))}
              {other > 0 && bar("other", other)}
            </g>
          );
        })}
      </svg>
      <figcaption>
        <span>{time(0) || "\u00a0"}</span>
        <span>{words.live.eventsByMinute}</span>
        <span>{minutes.length > 0 ? words.live.now : ""}</span>
      </figcaption>
    </figure>
  );
}
