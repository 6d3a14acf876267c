/** Paints a picture on a canvas: the axes, and what the figures are drawn as. */
import { short, shortMoney } from "../format.ts";
import type { Picture } from "./picture.ts";
import { marksOf, type Shape } from "./scale.ts";

export type Paper = {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  font: string;
  /** What a colour of CSS is, as the theme has it now. */
  colour: (css: string) => string;
};

const PADDING = 8;
/** Between the marks of an axis and the figures, and below them. */
const GAP = 10;
const LINE_HEIGHT = 18;
/** Between two names of buckets. */
const APART = 20;
const WIDEST_BAR = 48;
/** Of the room that a bucket has. */
const BAR = 0.72;
const ROUND = 3;
const DASHES = [5, 5];

type Place = { left: number; right: number; top: number; bottom: number; x: (index: number) => number };

function markText({ kind, currency = "USD" }: Picture, value: number): string {
  if (kind === "rate") return `${Number((value * 100).toFixed(1))}%`;
  return kind === "money" ? shortMoney(String(value), currency) : short(value);
}

/** Whole buckets have room where bars stand in them; else the first and last lie on the edges. */
function placeOf({ context, width, height }: Paper, { labels, lines }: Picture, marks: readonly string[]): Place {
  const left = Math.max(...marks.map((mark) => context.measureText(mark).width)) + GAP;
  const right = width - PADDING;
  const inside = lines.some(({ as }) => as === "bar") || labels.length === 1;
  const room = (right - left) / (inside ? labels.length : labels.length - 1);
  return {
    left,
    right,
    top: PADDING,
    bottom: height - GAP - LINE_HEIGHT,
    x: (index) => left + (index + (inside ? 0.5 : 0)) * room,
  };
}

/** The bucket that is nearest to a place, and where it stands. */
export type Pointed = { index: number; x: number };

/** Paints it all, and answers how to find what is pointed at. */
export function paint(paper: Paper, picture: Picture, shapes: readonly Shape[], hovered: number | null) {
  const { context, width, height, font, colour } = paper;
  const { labels } = picture;
  context.clearRect(0, 0, width, height);
  context.font = font;
  context.lineJoin = "round";
  const marks = marksOf(shapes, picture.kind);
  const texts = marks.map((mark) => markText(picture, mark));
  const place = placeOf(paper, picture, texts);
  const [low = 0, high = 1] = [marks[0], marks.at(-1)];
  const y = (value: number) => place.bottom - ((value - low) / (high - low)) * (place.bottom - place.top);

  context.fillStyle = colour("var(--muted)");
  context.strokeStyle = colour("var(--hairline)");
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [index, mark] of marks.entries()) {
    stroke(context, [place.left, y(mark)], [place.right, y(mark)]);
    context.fillText(texts[index] ?? "", place.left - GAP, y(mark));
  }
  nameBuckets(context, labels, place, height - LINE_HEIGHT / 2);
  if (hovered !== null) stroke(context, [place.x(hovered), place.top], [place.x(hovered), place.bottom]);

  const pointsOf = (shape: Shape | undefined) =>
    (shape?.tops ?? []).flatMap((top, index) => (top === null ? [] : [{ index, x: place.x(index), y: y(top) }]));
  // What is filled lies below every line.
  for (const [index, shape] of shapes.entries())
    fill(context, place, shape, pointsOf(shape), pointsOf(shapes[index - 1]), y, colour, labels.length);
  for (const shape of shapes) line(context, picture, shape, pointsOf(shape), hovered, colour);

  return (pointer: number): Pointed | null => {
    const room = place.x(1) - place.x(0);
    const index = Math.min(labels.length - 1, Math.max(0, Math.round((pointer - place.x(0)) / room)));
    return labels.length > 0 ? { index, x: place.x(index) } : null;
  };
}

type Spot = readonly [x: number, y: number];
function stroke(context: CanvasRenderingContext2D, from: Spot, to: Spot): void {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

/** As many names as have room, in equal steps from the first on. */
function nameBuckets(context: CanvasRenderingContext2D, labels: readonly string[], place: Place, y: number): void {
  const widths = labels.map((label) => context.measureText(label).width);
  const room = labels.length > 1 ? place.x(1) - place.x(0) : place.right;
  const step = Math.max(1, Math.ceil((Math.max(0, ...widths) + APART) / room));
  context.textAlign = "left";
  for (let index = 0; index < labels.length; index += step) {
    const wide = widths[index] ?? 0;
    const x = Math.min(place.x(index) - wide / 2, place.right + PADDING - wide);
    context.fillText(labels[index] ?? "", Math.max(0, x), y);
  }
}

type Point = { index: number; x: number; y: number };

/** The area below a line, a band between two edges, or bars that stand on each other. */
function fill(
  context: CanvasRenderingContext2D,
  { left, right, bottom }: Place,
  { line: { as, colour: name }, feet }: Shape,
  points: readonly Point[],
  below: readonly Point[],
  y: (value: number) => number,
  colour: Paper["colour"],
  buckets: number,
): void {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || as === "line" || as === "faint") return;
  context.fillStyle = colour(as === "bar" ? `var(--${name})` : `color-mix(in srgb, var(--${name}) 14%, transparent)`);
  context.beginPath();
  if (as === "bar") {
    const wide = Math.min(WIDEST_BAR, ((right - left) / buckets) * BAR);
    for (const { index, x, y: top } of points) {
      const tall = y(feet[index] ?? 0) - top;
      if (tall >= 0.5) context.roundRect(x - wide / 2, top, wide, tall, [ROUND, ROUND, 0, 0]);
    }
  } else if (as === "filled") {
    context.moveTo(first.x, bottom);
    for (const { x, y } of points) context.lineTo(x, y);
    context.lineTo(last.x, bottom);
  } else {
    // The lower edge comes first, and has nothing below it to be filled.
    for (const { x, y } of points) context.lineTo(x, y);
    for (const { x, y } of below.toReversed()) context.lineTo(x, y);
  }
  context.fill();
}

/** What is pointed at, marked, still running or alone has a point; the way to what is still running is dashed. */
function line(
  context: CanvasRenderingContext2D,
  { running = Number.POSITIVE_INFINITY, marked, labels }: Picture,
  { line: { as, colour: name } }: Shape,
  points: readonly Point[],
  hovered: number | null,
  colour: Paper["colour"],
): void {
  if (as === "bar" || as === "edge") return;
  const faint = as === "faint";
  const own = colour(`var(--${name})`);
  context.strokeStyle = own;
  context.lineWidth = faint ? 1.5 : 2.25;
  for (const [at, to] of points.entries()) {
    const from = points[at - 1];
    if (from?.index !== to.index - 1) continue;
    context.setLineDash(!faint && to.index === running ? DASHES : []);
    stroke(context, [from.x, from.y], [to.x, to.y]);
  }
  context.setLineDash([]);
  const sparse = labels.length <= 1 || (!faint && running === 0);
  context.lineWidth = 2;
  for (const { index, x, y } of points) {
    const isMarked = !faint && index === marked;
    const isRunning = !faint && index === running;
    const radius = isMarked ? 7 : index === hovered ? (faint ? 3 : 5) : sparse || isRunning ? (faint ? 3 : 4) : 0;
    if (radius === 0) continue;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = isMarked ? colour("var(--bad)") : isRunning ? colour("var(--surface)") : own;
    context.fill();
    context.stroke();
  }
}
