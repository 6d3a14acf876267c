/**
 * What is filled in a chart: the area below a line, the band between two edges, and bars. All of them stand on the
 * points of lines, where these are just now, so that they move with them. Chart.js has elements for each; what they
 * can do besides would be a tenth of its size here.
 */
import type { Chart, LineElement, Plugin, PointElement } from "chart.js";
import type { Line } from "./picture.ts";

/** The property of a dataset that asks for this. It is not called `fill`: Chart.js warns about that one where its Filler plugin is missing. */
export type Filled = { line: Line; shade: string };

const WIDEST_BAR = 48;
/** Of the room that a bar has. */
const BAR = 0.72;
const ROUND = 3;

/** A point, and where its curve bends before and after it. */
type Bent = PointElement & { cp1x?: number; cp1y?: number; cp2x?: number; cp2y?: number };
type Layer = { line: Line; shade: string; points: Bent[]; element: LineElement };

function layersOf(chart: Chart): Layer[] {
  return chart.data.datasets.map((dataset, index) => {
    const { data, dataset: element } = chart.getDatasetMeta(index);
    const points = (data as unknown as Bent[]).filter(({ skip }) => !skip);
    return { ...(dataset as unknown as Filled), points, element: element as unknown as LineElement };
  });
}

function area({ ctx, chartArea }: Chart, { points, element }: Layer): void {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return;
  element.updateControlPoints(chartArea, "x");
  ctx.moveTo(first.x, chartArea.bottom);
  ctx.lineTo(first.x, first.y);
  // The line's own path begins anew where it turns dashed.
  points.slice(1).forEach(({ x, y, cp1x = x, cp1y = y }, index) => {
    const before = points[index] as Bent;
    ctx.bezierCurveTo(before.cp2x ?? before.x, before.cp2y ?? before.y, cp1x, cp1y, x, y);
  });
  ctx.lineTo(last.x, chartArea.bottom);
}

function band({ ctx }: Chart, { points: upper }: Layer, { points: lower }: Layer): void {
  for (const { x, y } of upper) ctx.lineTo(x, y);
  for (const { x, y } of lower.toReversed()) ctx.lineTo(x, y);
}

/** Each stands on the one below it. */
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
