import { axisHeight, trackHeight } from './layout.js';
import type { Scene } from './scene.js';
import { drawBand, truncateToWidth } from './symbols.js';

/** Minimum distance between two ticks of the axis, in pixels. */
const tickDistance = 84;

/** Draws what is above the lanes: time, violations, steps and faults. */
export function drawHead(context: CanvasRenderingContext2D, scene: Scene, height: number): void {
  const { layout, palette } = scene;
  context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  context.textBaseline = 'middle';
  context.fillStyle = palette.of('card');
  context.fillRect(0, 0, layout.width, height);
  context.save();
  context.beginPath();
  context.rect(layout.gutter, 0, layout.width, height);
  context.clip();
  drawAxis(context, scene, height);
  drawBands(context, scene);
  drawSteps(context, scene);
  drawViolations(context, scene, height);
  context.restore();
}

/** Returns a round interval between ticks, in milliseconds: 1, 2 or 5 times a power of ten. */
export function tickIntervalMs(spanMs: number, ticks: number): number {
  const minIntervalMs = spanMs / Math.max(1, ticks);
  const power = 10 ** Math.floor(Math.log10(minIntervalMs));
  return power * ([1, 2, 5].find((step) => step * power >= minIntervalMs) ?? 10);
}

function drawAxis(context: CanvasRenderingContext2D, { layout, palette, viewport }: Scene, height: number): void {
  const intervalMs = tickIntervalMs(viewport.spanMs, layout.plotWidth / tickDistance);
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(intervalMs) + 1e-9));
  context.lineWidth = 1;
  context.setLineDash([]);
  for (let tick = Math.ceil(viewport.fromMs / intervalMs); tick * intervalMs <= viewport.toMs; tick += 1) {
    const x = layout.x(tick * intervalMs);
    context.strokeStyle = palette.of('rule');
    context.beginPath();
    context.moveTo(x, axisHeight - 6);
    context.lineTo(x, height);
    context.stroke();
    context.fillStyle = palette.of('quiet');
    context.textAlign = x - layout.gutter < 20 ? 'left' : 'center';
    context.fillText(`${((tick * intervalMs) / 1_000).toFixed(decimals)} s`, x, axisHeight / 2);
  }
  context.textAlign = 'left';
}

function drawBands(context: CanvasRenderingContext2D, scene: Scene): void {
  const { data, layout, palette, viewport } = scene;
  for (const faultBand of data.bands) {
    if (faultBand.toMs < viewport.fromMs || faultBand.fromMs > viewport.toMs) continue;
    const row = layout.faultRows.get(faultBand) ?? 0;
    const next = data.bands.find((other) => other.fromMs >= faultBand.toMs && layout.faultRows.get(other) === row);
    const left = Math.max(layout.gutter, layout.x(faultBand.fromMs));
    const right = Math.min(layout.width, layout.x(faultBand.toMs));
    const top = layout.faultTop(row) + 2;
    const colour = palette.of(faultBand.kind);
    drawBand(context, faultBand.kind, [left, top, Math.max(3, right - left), trackHeight - 4], colour);
    context.fillStyle = colour;
    context.fillRect(left, top, 3, trackHeight - 4);
    context.fillRect(left, top + trackHeight - 5, Math.max(3, right - left), 1);
    context.fillStyle = palette.of('ink');
    const room = (next === undefined ? layout.width : layout.x(next.fromMs)) - left - 14;
    context.fillText(truncateToWidth(context, faultBand.text, room), left + 8, top + trackHeight / 2 - 2);
  }
}

function drawSteps(context: CanvasRenderingContext2D, { data, layout, palette, viewport }: Scene): void {
  const top = layout.scriptTop;
  for (const [index, step] of data.steps.entries()) {
    const x = layout.x(step.atMs);
    const nextX = layout.x(data.steps[index + 1]?.atMs ?? viewport.totalMs);
    if (x < layout.gutter - 200 || x > layout.width) continue;
    context.fillStyle = palette.of('accent');
    context.beginPath();
    context.moveTo(x, top + 5);
    context.lineTo(x + 8, top + trackHeight / 2);
    context.lineTo(x, top + trackHeight - 5);
    context.closePath();
    context.fill();
    context.fillStyle = palette.of('ink');
    const room = nextX - x - 18;
    if (room > 24) context.fillText(truncateToWidth(context, step.text, room), x + 12, top + trackHeight / 2);
  }
}

function drawViolations(context: CanvasRenderingContext2D, { data, layout, palette }: Scene, height: number): void {
  for (const [index, { atMs, invariant }] of [...data.result.violations.entries()].reverse()) {
    const x = layout.x(atMs);
    context.strokeStyle = context.fillStyle = palette.of('violation');
    context.lineWidth = index === 0 ? 2 : 1;
    context.setLineDash(index === 0 ? [] : [3, 3]);
    context.beginPath();
    context.moveTo(x, layout.violationTop);
    context.lineTo(x, height);
    context.stroke();
    if (index > 0) continue;
    const text = `first violation: ${invariant}`;
    const width = context.measureText(text).width + 14;
    const left = x + width > layout.width ? x - width : x;
    context.fillRect(left, layout.violationTop + 1, width, trackHeight - 3);
    context.fillStyle = palette.of('card');
    context.fillText(text, left + 7, layout.violationTop + trackHeight / 2);
  }
}
