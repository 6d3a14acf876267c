/** The chart's place on the page. The chart itself, and the library that draws it, come when they are needed. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useColours } from "../theme.ts";
import type { Drawing } from "./draw.ts";
import type { SeriesName } from "./series.ts";

/** What is drawn: a point per bucket, and of the period that it is compared with. */
export type Course = {
  name: SeriesName;
  title: string;
  labels: string[];
  titles: string[];
  points: number[];
  /** The bucket that is not over yet: drawn dashed, and nothing after it. */
  running: number;
  interval: "day" | "hour";
  before?: { title: string; titles: string[]; points: number[] };
};

export function TrendChart({ course, summary }: { course: Course; summary: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const latest = useRef(course);
  const [failed, setFailed] = useState(false);
  latest.current = course;

  useEffect(() => {
    let gone = false;
    import("./draw.ts").then(
      ({ draw }) => {
        if (!gone && canvas.current) drawing.current = draw(canvas.current, latest.current);
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      drawing.current?.destroy();
      drawing.current = null;
    };
  }, []);
  const content = JSON.stringify(course);
  // The same content need not be drawn again.
  useEffect(() => drawing.current?.update(course), [content]);
  useColours(() => drawing.current?.recolour());

  return (
    <div class={`trend-canvas ${course.name}`}>
      <canvas ref={canvas} role="img" aria-label={summary} />
      {failed && <p class="trend-none">The chart could not be loaded. The table shows the same figures.</p>}
      {course.points.every((point) => point === 0) && (
        <p class="trend-none" aria-hidden="true">
          No {course.title.toLowerCase()} in this period
        </p>
      )}
    </div>
  );
}
