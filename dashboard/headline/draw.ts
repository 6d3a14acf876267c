/** Draws the course over time with Chart.js, of which only what is used here is taken. */
import {
  CategoryScale,
  Chart,
  type ChartConfiguration,
  type ChartDataset,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "chart.js";
import { exact, short } from "../format.ts";
import type { Course } from "./trend-chart.tsx";

Chart.register(LineController, LineElement, PointElement, LinearScale, CategoryScale, Filler, Tooltip);

export type Drawing = {
  update: (course: Course) => void;
  /** Takes the colours anew: the theme has changed. */
  recolour: () => void;
  destroy: () => void;
};
type Line = ChartDataset<"line", (number | null)[]>;

/** The colours of style/tokens.css as they are now, light or dark. */
function coloursOf(canvas: HTMLCanvasElement) {
  const probe = document.createElement("span");
  canvas.parentElement?.append(probe);
  const colour = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    line: colour("series"),
    fill: colour("series-soft"),
    before: colour("before"),
    grid: colour("hairline"),
    text: colour("muted"),
    surface: colour("surface"),
    tip: colour("tip"),
    tipText: colour("tip-text"),
  };
  probe.remove();
  return colours;
}
type Colours = ReturnType<typeof coloursOf>;

function linesOf(course: Course, colours: Colours): Line[] {
  const { points, running, before, title } = course;
  const sparse = points.length <= 1 || running === 0;
  const happened = points.map((point, index) => (index <= running ? point : null));
  // Apart from the line: a line that is dashed in part would leave a seam in what it fills.
  const area: Line = {
    data: happened,
    backgroundColor: colours.fill,
    borderWidth: 0,
    fill: "origin",
    cubicInterpolationMode: "monotone",
    pointRadius: 0,
    pointHoverRadius: 0,
  };
  const line: Line = {
    label: title,
    data: happened,
    borderColor: colours.line,
    borderWidth: 2.25,
    fill: false,
    cubicInterpolationMode: "monotone",
    // The running one has a hollow point; the others show theirs when they are pointed at.
    pointRadius: points.map((_, index) => (sparse || index === running ? 4 : 0)),
    pointHoverRadius: 5,
    pointBackgroundColor: points.map((_, index) => (index === running ? colours.surface : colours.line)),
    pointBorderColor: colours.line,
    pointBorderWidth: 2,
    segment: { borderDash: ({ p1DataIndex }) => (p1DataIndex === running ? [5, 5] : undefined) },
  };
  if (!before) return [line, area];
  return [
    line,
    area,
    {
      label: before.title,
      data: points.map((_, index) => before.points[index] ?? null),
      borderColor: colours.before,
      borderWidth: 1.5,
      fill: false,
      cubicInterpolationMode: "monotone",
      pointRadius: points.length <= 1 ? 3 : 0,
      pointHoverRadius: 3,
      pointBackgroundColor: colours.before,
      pointBorderColor: colours.before,
    },
  ];
}

function configure(canvas: HTMLCanvasElement, current: () => Course): ChartConfiguration<"line", (number | null)[]> {
  const course = current();
  const colours = coloursOf(canvas);
  const { fontFamily } = getComputedStyle(canvas);
  const font = { family: fontFamily, size: 12 };
  return {
    type: "line",
    data: { labels: course.labels, datasets: linesOf(course, colours) },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 350 },
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: 8, right: 8 } },
      scales: {
        x: {
          grid: { display: false },
          border: { color: colours.grid },
          ticks: { color: colours.text, font, maxRotation: 0, autoSkipPadding: 20 },
        },
        y: {
          beginAtZero: true,
          suggestedMax: 4,
          grid: { color: colours.grid, drawTicks: false },
          border: { display: false },
          ticks: {
            color: colours.text,
            font,
            padding: 10,
            maxTicksLimit: 6,
            precision: 0,
            callback: (value) => short(Number(value)),
          },
        },
      },
      plugins: {
        tooltip: {
          backgroundColor: colours.tip,
          titleColor: colours.tipText,
          bodyColor: colours.tipText,
          titleFont: { ...font, weight: 600 },
          bodyFont: font,
          padding: 12,
          cornerRadius: 8,
          boxPadding: 6,
          usePointStyle: true,
          filter: ({ datasetIndex }) => datasetIndex !== 1,
          callbacks: {
            title: ([item]) => {
              const { titles, running } = current();
              const index = item?.dataIndex ?? 0;
              return `${titles[index]}${index === running ? " (so far)" : ""}`;
            },
            label: ({ datasetIndex, dataIndex, parsed }) => {
              const { title, before } = current();
              return `${datasetIndex === 0 ? title : before?.titles[dataIndex]}: ${exact(parsed.y ?? 0)}`;
            },
            labelPointStyle: () => ({ pointStyle: "circle", rotation: 0 }),
            labelColor: ({ dataset }) => {
              const color = dataset.borderColor as string;
              return { borderColor: color, backgroundColor: color };
            },
          },
        },
      },
    },
  };
}

export function draw(canvas: HTMLCanvasElement, first: Course): Drawing {
  let course = first;
  const chart = new Chart(
    canvas,
    configure(canvas, () => course),
  );
  const redraw = () => {
    chart.data.labels = course.labels;
    const lines = linesOf(course, coloursOf(canvas));
    // A line that stays the same object moves to its new figures.
    lines.forEach((line, index) => {
      const known = chart.data.datasets[index];
      if (known) Object.assign(known, line);
      else chart.data.datasets.push(line);
    });
    chart.data.datasets.length = lines.length;
  };
  return {
    update: (next) => {
      // Fresh figures move their points; another figure or period is another picture.
      const moved = next.name === course.name && next.labels.length === course.labels.length;
      course = next;
      redraw();
      chart.update(moved ? undefined : "none");
    },
    recolour: () => {
      redraw();
      const { options } = configure(canvas, () => course);
      if (options) chart.options = options;
      chart.update("none");
    },
    destroy: () => chart.destroy(),
  };
}
