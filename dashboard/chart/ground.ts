/** The background of a chart: weekends, and marks of annotations. */
import type { Chart, Plugin } from "chart.js";
import type { Picture } from "./picture.ts";

export type GroundColours = { weekend: string; note: string };

/** Half the width of a mark, in pixels. */
const MARK = 5;

/** The left and right edges of a bucket: half the distance between two points on each side of its point. */
function bucketAt({ scales: { x: axis }, chartArea }: Chart, index: number, buckets: number) {
  const at = axis?.getPixelForValue(index) ?? 0;
  const room = chartArea.width / Math.max(1, buckets - 1) / 2;
  return { at, left: Math.max(chartArea.left, at - room), right: Math.min(chartArea.right, at + room) };
}

export const groundOf = (current: () => Picture, colours: () => GroundColours): Plugin => ({
  id: "ground",
  beforeDatasetsDraw(chart) {
    const { ctx, chartArea } = chart;
    const { weekends = [], notes = [], labels } = current();
    ctx.save();
    ctx.fillStyle = colours().weekend;
    for (const index of labels.length > 1 ? weekends : []) {
      const { left, right } = bucketAt(chart, index, labels.length);
      ctx.fillRect(left, chartArea.top, right - left, chartArea.bottom - chartArea.top);
    }
    ctx.fillStyle = colours().note;
    ctx.strokeStyle = colours().note;
    ctx.setLineDash([3, 3]);
    notes.forEach((notesOfBucket, index) => {
      if (notesOfBucket.length === 0) return;
      const { at } = bucketAt(chart, index, labels.length);
      ctx.beginPath();
      ctx.moveTo(at, chartArea.top + MARK);
      ctx.lineTo(at, chartArea.bottom);
      ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(at - MARK, chartArea.top);
      ctx.lineTo(at + MARK, chartArea.top);
      ctx.lineTo(at, chartArea.top + MARK * 1.6);
      ctx.fill();
    });
    ctx.restore();
  },
});
