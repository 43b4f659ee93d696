import { axisHeight, trackHeight } from './layout.js';
import type { Scene } from './scene.js';
import { band, fitting } from './symbols.js';

/** Pixels between two marks of the axis at least. */
const tickDistance = 84;

/** Paints what stands above the lanes: time, violations, the scenario's steps, and its faults. */
export function paintHead(pen: CanvasRenderingContext2D, scene: Scene, height: number): void {
  const { layout, palette } = scene;
  pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  pen.textBaseline = 'middle';
  pen.fillStyle = palette.of('card');
  pen.fillRect(0, 0, layout.width, height);
  pen.save();
  pen.beginPath();
  pen.rect(layout.gutter, 0, layout.width, height);
  pen.clip();
  paintAxis(pen, scene, height);
  paintBands(pen, scene);
  paintSteps(pen, scene);
  paintViolations(pen, scene, height);
  pen.restore();
}

/** A round time between two marks of the axis, in milliseconds: 1, 2 or 5 of some power of ten. */
export function tickEveryMs(spanMs: number, ticks: number): number {
  const least = spanMs / Math.max(1, ticks);
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((step) => step * power >= least) ?? 10);
}

function paintAxis(pen: CanvasRenderingContext2D, { layout, palette, viewport }: Scene, height: number): void {
  const everyMs = tickEveryMs(viewport.spanMs, layout.plotWidth / tickDistance);
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(everyMs) + 1e-9));
  pen.lineWidth = 1;
  pen.setLineDash([]);
  for (let tick = Math.ceil(viewport.fromMs / everyMs); tick * everyMs <= viewport.toMs; tick += 1) {
    const x = layout.x(tick * everyMs);
    pen.strokeStyle = palette.of('rule');
    pen.beginPath();
    pen.moveTo(x, axisHeight - 6);
    pen.lineTo(x, height);
    pen.stroke();
    pen.fillStyle = palette.of('quiet');
    pen.textAlign = x - layout.gutter < 20 ? 'left' : 'center';
    pen.fillText(`${((tick * everyMs) / 1_000).toFixed(decimals)} s`, x, axisHeight / 2);
  }
  pen.textAlign = 'left';
}

function paintBands(pen: CanvasRenderingContext2D, scene: Scene): void {
  const { data, layout, palette, viewport } = scene;
  for (const each of data.bands) {
    if (each.toMs < viewport.fromMs || each.fromMs > viewport.toMs) continue;
    const row = layout.faultRows.get(each) ?? 0;
    const next = data.bands.find((other) => other.fromMs >= each.toMs && layout.faultRows.get(other) === row);
    const left = Math.max(layout.gutter, layout.x(each.fromMs));
    const right = Math.min(layout.width, layout.x(each.toMs));
    const top = layout.faultTop(row) + 2;
    const colour = palette.of(each.kind);
    band(pen, each.kind, [left, top, Math.max(3, right - left), trackHeight - 4], colour);
    pen.fillStyle = colour;
    pen.fillRect(left, top, 3, trackHeight - 4);
    pen.fillRect(left, top + trackHeight - 5, Math.max(3, right - left), 1);
    pen.fillStyle = palette.of('ink');
    const room = (next === undefined ? layout.width : layout.x(next.fromMs)) - left - 14;
    pen.fillText(fitting(pen, each.text, room), left + 8, top + trackHeight / 2 - 2);
  }
}

function paintSteps(pen: CanvasRenderingContext2D, { data, layout, palette, viewport }: Scene): void {
  const top = layout.scriptTop;
  for (const [index, step] of data.steps.entries()) {
    const x = layout.x(step.atMs);
    const nextX = layout.x(data.steps[index + 1]?.atMs ?? viewport.wholeMs);
    if (x < layout.gutter - 200 || x > layout.width) continue;
    pen.fillStyle = palette.of('accent');
    pen.beginPath();
    pen.moveTo(x, top + 5);
    pen.lineTo(x + 8, top + trackHeight / 2);
    pen.lineTo(x, top + trackHeight - 5);
    pen.closePath();
    pen.fill();
    pen.fillStyle = palette.of('ink');
    const room = nextX - x - 18;
    if (room > 24) pen.fillText(fitting(pen, step.text, room), x + 12, top + trackHeight / 2);
  }
}

function paintViolations(pen: CanvasRenderingContext2D, { data, layout, palette }: Scene, height: number): void {
  for (const [index, { atMs, invariant }] of [...data.result.violations.entries()].reverse()) {
    const x = layout.x(atMs);
    pen.strokeStyle = pen.fillStyle = palette.of('violated');
    pen.lineWidth = index === 0 ? 2 : 1;
    pen.setLineDash(index === 0 ? [] : [3, 3]);
    pen.beginPath();
    pen.moveTo(x, layout.violationTop);
    pen.lineTo(x, height);
    pen.stroke();
    if (index > 0) continue;
    const text = `first violation: ${invariant}`;
    const width = pen.measureText(text).width + 14;
    const left = x + width > layout.width ? x - width : x;
    pen.fillRect(left, layout.violationTop + 1, width, trackHeight - 3);
    pen.fillStyle = palette.of('card');
    pen.fillText(text, left + 7, layout.violationTop + trackHeight / 2);
  }
}
