/** Draws a picture with Chart.js, of which only the used parts are imported. */
import {
  CategoryScale,
  Chart,
  type ChartConfiguration,
  type ChartDataset,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
} from "chart.js";
import { short, shortMoney } from "../format.ts";
import { type Filled, fills } from "./fills.ts";
import { type GroundColours, groundOf } from "./ground.ts";
import type { Line, Picture } from "./picture.ts";

Chart.register(LineController, LineElement, PointElement, LinearScale, CategoryScale, fills);

/** The bucket under the pointer, and its position in pixels from the left. */
export type Pointed = { index: number; x: number };
type Point = (at: Pointed | null) => void;

export type Drawing = {
  update: (picture: Picture) => void;
  /** Reads the colours again, after the theme has changed. */
  recolour: () => void;
  destroy: () => void;
};
type Dataset = ChartDataset<"line", (number | null)[]> & Filled;

/** The present colours of style/tokens.css, light or dark. */
function paletteOf(canvas: HTMLCanvasElement) {
  const probe = document.createElement("span");
  canvas.parentElement?.append(probe);
  const known = new Map<string, string>();
  const colour = (css: string) => {
    const found = known.get(css);
    if (found !== undefined) return found;
    probe.style.color = css;
    const computed = getComputedStyle(probe).color;
    known.set(css, computed);
    return computed;
  };
  return {
    of: (name: string) => colour(`var(--${name})`),
    soft: (name: string) => colour(`color-mix(in srgb, var(--${name}) 14%, transparent)`),
    done: () => probe.remove(),
  };
}
type Palette = ReturnType<typeof paletteOf>;

function datasetOf(
  line: Line,
  { running = Number.POSITIVE_INFINITY, marked, labels }: Picture,
  palette: Palette,
): Dataset {
  const { as } = line;
  const colour = palette.of(line.colour);
  const happened = labels.map((_, index) => (index <= running || as === "faint" ? (line.points[index] ?? null) : null));
  const base: Dataset = {
    label: line.title,
    data: happened,
    line,
    shade: as === "bar" ? colour : palette.soft(line.colour),
    // Bars are stacked, lines are not.
    stack: as === "bar" ? "bars" : line.title,
    borderColor: colour,
    pointRadius: 0,
    pointHoverRadius: 3,
    pointBackgroundColor: colour,
    pointBorderColor: colour,
  };
  if (as === "bar" || as === "edge") return { ...base, borderWidth: 0, pointHoverRadius: 0 };
  if (as === "faint") return { ...base, borderWidth: 1.5, pointRadius: labels.length <= 1 ? 3 : 0 };
  const surface = palette.of("surface");
  // A line of one point would be invisible without its point.
  const sparse = happened.filter((point) => point !== null).length <= 1;
  return {
    ...base,
    borderWidth: 2.25,
    // The running bucket has a hollow point; the others show theirs on hover.
    pointRadius: labels.map((_, index) => (index === marked ? 7 : sparse || index === running ? 4 : 0)),
    pointHoverRadius: 5,
    pointBackgroundColor: labels.map((_, index) =>
      index === marked ? palette.of("bad") : index === running ? surface : colour,
    ),
    pointBorderWidth: 2,
    segment: { borderDash: ({ p1DataIndex }) => (p1DataIndex === running ? [5, 5] : undefined) },
  };
}

const draws = (picture: Picture, palette: Palette): Dataset[] =>
  picture.lines.map((line) => datasetOf(line, picture, palette));

function axis({ kind, currency }: Picture, value: number): string {
  if (kind === "rate") return `${Math.round(value * 100)}%`;
  return kind === "money" ? shortMoney(String(value), currency ?? "USD") : short(value);
}

function configure(
  canvas: HTMLCanvasElement,
  current: () => Picture,
  point: Point,
): ChartConfiguration<"line", (number | null)[]> {
  const picture = current();
  const palette = paletteOf(canvas);
  const [grid, text] = [palette.of("hairline"), palette.of("muted")];
  const font = { family: getComputedStyle(canvas).fontFamily, size: 12 };
  const { kind } = picture;
  const barred = picture.lines.some(({ as }) => as === "bar");
  const config: ChartConfiguration<"line", (number | null)[]> = {
    type: "line",
    data: { labels: [...picture.labels], datasets: draws(picture, palette) },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 350 },
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: 8, right: 8 } },
      scales: {
        x: {
          // Half of a bar is to the left of its point.
          offset: barred,
          grid: { display: false },
          border: { color: grid },
          ticks: { color: text, font, maxRotation: 0, autoSkipPadding: 20 },
        },
        y: {
          stacked: barred,
          beginAtZero: true,
          ...(kind !== "rate" && { suggestedMax: 4 }),
          grid: { color: grid, drawTicks: false },
          border: { display: false },
          ticks: {
            color: text,
            font,
            padding: 10,
            maxTicksLimit: 6,
            ...(kind === "count" && { precision: 0 }),
            callback: (value) => axis(current(), Number(value)),
          },
        },
      },
      onHover: (_, [hovered]) => point(hovered ? { index: hovered.index, x: hovered.element.x } : null),
    },
  };
  palette.done();
  return config;
}

function groundColours(canvas: HTMLCanvasElement): GroundColours {
  const palette = paletteOf(canvas);
  const colours = { weekend: palette.soft("before"), note: palette.of("muted") };
  palette.done();
  return colours;
}

export function draw(canvas: HTMLCanvasElement, first: Picture, point: Point): Drawing {
  let picture = first;
  let colours = groundColours(canvas);
  const ground = groundOf(
    () => picture,
    () => colours,
  );
  const chart = new Chart(canvas, { ...configure(canvas, () => picture, point), plugins: [ground] });
  const redraw = () => {
    chart.data.labels = [...picture.labels];
    const palette = paletteOf(canvas);
    const lines = draws(picture, palette);
    palette.done();
    // A line that stays the same object is animated to its new figures.
    lines.forEach((line, index) => {
      const known = chart.data.datasets[index];
      if (known) Object.assign(known, line);
      else chart.data.datasets[index] = line;
    });
    chart.data.datasets.length = lines.length;
  };
  const anew = () => {
    const { options } = configure(canvas, () => picture, point);
    if (options) chart.options = options;
    chart.update("none");
  };
  return {
    update: (next) => {
      const moved = next.name === picture.name && next.labels.length === picture.labels.length;
      picture = next;
      redraw();
      if (moved) chart.update();
      else anew();
    },
    recolour: () => {
      colours = groundColours(canvas);
      redraw();
      anew();
    },
    destroy: () => chart.destroy(),
  };
}
