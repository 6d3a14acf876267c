/**
 * What is filled in a chart: the area below a line, the band between two edges, and bars. All follow the
 * present positions of lines' points, so that they are animated with them. The elements that Chart.js has for these
 * would be a tenth of its size here.
 */
import type { Chart, Plugin, PointElement } from "chart.js";
import type { Line } from "./picture.ts";

/** The dataset's property that selects a fill. It is not called `fill`: Chart.js warns about that without its Filler plugin. */
export type Filled = { line: Line; shade: string };

const WIDEST_BAR = 48;
/** The share of a bucket's width that a bar fills. */
const BAR = 0.72;
const ROUND = 3;

type Layer = { line: Line; shade: string; points: PointElement[] };

function layersOf(chart: Chart): Layer[] {
  return chart.data.datasets.map((dataset, index) => {
    const { data } = chart.getDatasetMeta(index);
    const points = (data as unknown as PointElement[]).filter(({ skip }) => !skip);
    return { ...(dataset as unknown as Filled), points };
  });
}

function area({ ctx, chartArea }: Chart, { points }: Layer): void {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return;
  ctx.moveTo(first.x, chartArea.bottom);
  for (const { x, y } of points) ctx.lineTo(x, y);
  ctx.lineTo(last.x, chartArea.bottom);
}

function band({ ctx }: Chart, { points: upper }: Layer, { points: lower }: Layer): void {
  for (const { x, y } of upper) ctx.lineTo(x, y);
  for (const { x, y } of lower.toReversed()) ctx.lineTo(x, y);
}

/** Stacked bars: each begins at the top of the one below. */
function bars({ ctx, chartArea }: Chart, { points }: Layer, below: Layer | undefined, room: number): void {
  const width = Math.min(WIDEST_BAR, room * BAR);
  points.forEach(({ x, y }, index) => {
    const foot = below?.points[index]?.y ?? chartArea.bottom;
    if (foot - y >= 0.5) ctx.roundRect(x - width / 2, y, width, foot - y, [ROUND, ROUND, 0, 0]);
  });
}

export const fills: Plugin = {
  id: "fills",
  beforeDatasetsDraw(chart) {
    const { ctx, chartArea } = chart;
    const layers = layersOf(chart);
    const room = chartArea.width / (chart.data.labels?.length || 1);
    layers.forEach((layer, index) => {
      const below = layers[index - 1];
      const { as } = layer.line;
      ctx.beginPath();
      if (as === "filled") area(chart, layer);
      else if (as === "edge" && below?.line.as === "edge") band(chart, layer, below);
      else if (as === "bar") bars(chart, layer, below?.line.as === "bar" ? below : undefined, room);
      ctx.closePath();
      ctx.fillStyle = layer.shade;
      ctx.fill();
    });
  },
};
