/** A chart's place on the page, or the same figures as a table. The drawing code is loaded when it is needed. */
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { changeOf } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { inWords } from "../table/value.tsx";
import { useColours } from "../theme.ts";
import { words } from "../words.ts";
import { ChartTable } from "./chart-table.tsx";
import type { Drawing, Pointed } from "./draw.ts";
import { isEmpty, type Picture } from "./picture.ts";

type Charted = {
  picture: Picture;
  /** A sentence for screen readers about what the chart shows; every figure is in the table. */
  summary: string;
  asTable: boolean;
  /** The text if there is nothing to draw. */
  none: string;
};

export const Chart = ({ picture, summary, asTable, none }: Charted) =>
  asTable ? (
    <ChartTable picture={picture} summary={summary} />
  ) : (
    <Canvas picture={picture} summary={summary} none={none} />
  );

/** The drawing code is fetched while the figures are being loaded. */
export const fetchDrawing = (): void => void import("./draw.ts").catch(() => undefined);

function Canvas({ picture, summary, none }: Omit<Charted, "asTable">) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const latest = useRef(picture);
  const [failed, setFailed] = useState(false);
  const { go } = useNavigation();
  const [pointed, point] = useState<Pointed | null>(null);
  latest.current = picture;

  useEffect(() => {
    let gone = false;
    import("./draw.ts").then(
      ({ draw }) => {
        if (!gone && canvas.current) drawing.current = draw(canvas.current, latest.current, point);
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      drawing.current?.destroy();
      drawing.current = null;
    };
  }, []);
  const content = JSON.stringify(picture);
  // Equal content is not drawn again.
  useEffect(() => drawing.current?.update(picture), [content]);
  useColours(() => drawing.current?.recolour());

  const days = pointed && picture.days?.[pointed.index];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/noStaticElementInteractions: the same figures as a table have buttons
    <div
      class={days ? "chart pressable" : "chart"}
      onPointerLeave={() => point(null)}
      onClick={() => days && go({ period: days, interval: "auto" })}
    >
      <canvas ref={canvas} role="img" aria-label={summary} />
      {!isEmpty(picture) && <SaveAsPicture picture={picture} drawn={canvas} />}
      {pointed && <Tip picture={picture} {...pointed} room={canvas.current?.clientWidth ?? 0} />}
      {failed && <p class="chart-none">{words.chart.theChartCouldNotBeLoaded}</p>}
      {isEmpty(picture) && (
        <p class="chart-none" aria-hidden="true">
          {none}
        </p>
      )}
    </div>
  );
}

type Saved = { picture: Picture; drawn: RefObject<HTMLCanvasElement | null> };

/** Shown on hover or keyboard focus; always shown on devices without a pointer. */
const SaveAsPicture = ({ picture, drawn }: Saved) => (
  <button
    type="button"
    class="button quiet save-picture"
    title={words.chart.saveTheChartAsAPicture}
    onClick={(event) => {
      // A press on the chart itself opens a day.
      event.stopPropagation();
      const { current } = drawn;
      if (current) import("./png.ts").then(({ savePng }) => savePng(current, picture));
    }}
  >
    PNG
  </button>
);

/** The tooltip with a bucket's figures, on the side of it that has room. */
function Tip({ picture, index, x, room }: Pointed & { picture: Picture; room: number }) {
  const { titles, lines, running, kind, currency, notes } = picture;
  return (
    <div
      class="tip"
      aria-hidden="true"
      style={x < room / 2 ? { left: `${x + 12}px` } : { right: `${room - x + 12}px` }}
    >
      <strong>
        {titles[index]}
        {index === running && words.chart.soFar}
      </strong>
      {lines.map(({ title, titles, colour, points }) => (
        <span key={title}>
          <span class="dot" style={{ background: `var(--${colour})` }} />
          {titles?.[index] ? words.chart.on(lines[0]?.title ?? "", titles[index]) : title}:{" "}
          {inWords(kind, points[index] ?? 0, currency)}
        </span>
      ))}
      {index !== running && <TipChange lines={lines} index={index} />}
      {notes?.[index]?.map((noteText) => (
        <span key={noteText} class="tip-note">
          {noteText}
        </span>
      ))}
    </div>
  );
}

/** How the first line's point differs from the compared one. */
function TipChange({ lines, index }: { lines: Picture["lines"]; index: number }) {
  const [now, then] = [lines[0]?.points[index], lines.find(({ as }) => as === "faint")?.points[index]];
  const change = now == null || then == null ? null : changeOf(now, then);
  return change && <span>{words.chart.change(change.text)}</span>;
}

/** Switches a chart to its table and back. */
export function useAsTable() {
  const [asTable, setAsTable] = useState(false);
  const toggle = (
    <button type="button" class="button quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
      {asTable ? words.chart.showAsChart : words.chart.showAsTable}
    </button>
  );
  return [asTable, toggle] as const;
}

/** The legend, if there are several series. */
export const Legend = ({ picture: { lines } }: { picture: Picture }) => (
  <ul class="legend" aria-hidden="true">
    {lines
      .filter(({ as }) => as !== "edge")
      .map(({ title, legend = title, colour }) => (
        <li key={title}>
          <span class="dot" style={{ background: `var(--${colour})` }} />
          {legend}
        </li>
      ))}
  </ul>
);

export const LegendSkeleton = () => (
  <ul class="legend" aria-hidden="true">
    <li>
      <span class="bone">Series</span>
    </li>
  </ul>
);

export const ChartSkeleton = () => <div class="chart bone" aria-hidden="true" />;
