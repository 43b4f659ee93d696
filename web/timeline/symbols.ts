import type { FaultKind, TimelineMark, MessageKind } from '../../src/simulation/report/timeline-data.js';

/* Symbols shared by the timeline and its legend. */

/** Top and bottom of a tick above its lane, in pixels. */
export const tickTop = 15;
const tickBottom = 4;

/** Dashes distinguish what colour alone might not. */
const dashes: Partial<Record<MessageKind, readonly number[]>> = {
  heartbeat: [1.5, 3],
  comparison: [6, 3],
  handshake: [9, 2, 2, 2],
};

/** Draws a line, with an arrowhead at its end if there is room. */
export function drawArrow(
  context: CanvasRenderingContext2D,
  kind: MessageKind,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  headSize: number,
): void {
  context.setLineDash([...(dashes[kind] ?? [])]);
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
  if (headSize === 0) return;
  const angle = Math.atan2(y2 - y1, x2 - x1);
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(x2, y2);
  context.lineTo(x2 - headSize * Math.cos(angle - 0.42), y2 - headSize * Math.sin(angle - 0.42));
  context.lineTo(x2 - headSize * Math.cos(angle + 0.42), y2 - headSize * Math.sin(angle + 0.42));
  context.closePath();
  context.fill();
}

/** Draws a message from or to a client: a tick above the lane, with a head for its direction if there is room. */
export function drawTick(
  context: CanvasRenderingContext2D,
  kind: MessageKind,
  x: number,
  y: number,
  detail: 'line' | 'head',
): void {
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(x, y - tickTop);
  context.lineTo(x, y - tickBottom);
  context.stroke();
  if (detail === 'line') return;
  context.beginPath();
  if (kind === 'report') context.arc(x, y - tickTop, 3.2, 0, 2 * Math.PI);
  else if (kind === 'query') context.rect(x - 3, y - tickTop - 3, 6, 6);
  else {
    context.moveTo(x - 3.5, y - tickTop + 2);
    context.lineTo(x, y - tickTop - 4);
    context.lineTo(x + 3.5, y - tickTop + 2);
    context.closePath();
  }
  context.fill();
}

/** Draws an event in a lane. */
export function drawMark(
  context: CanvasRenderingContext2D,
  kind: TimelineMark['kind'],
  x: number,
  y: number,
  background: string,
): void {
  context.setLineDash([]);
  context.beginPath();
  if (kind === 'link up') {
    context.arc(x, y, 3.5, 0, 2 * Math.PI);
    const previousFill = context.fillStyle;
    context.fillStyle = background;
    context.fill();
    context.fillStyle = previousFill;
  } else {
    const reach = kind === 'failure' ? 5.5 : 3.5;
    context.moveTo(x - reach, y - reach);
    context.lineTo(x + reach, y + reach);
    context.moveTo(x + reach, y - reach);
    context.lineTo(x - reach, y + reach);
  }
  context.stroke();
}

/** Draws the duration of a fault: a tinted area with a hatching for its kind. */
export function drawBand(
  context: CanvasRenderingContext2D,
  kind: FaultKind,
  [x, y, width, height]: readonly [number, number, number, number],
  colour: string,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.fillStyle = colour;
  context.globalAlpha = kind === 'crash' ? 0.2 : 0.13;
  context.fillRect(x, y, width, height);
  const slant = kind === 'crash' || kind === 'cut' ? 1 : kind === 'pause' || kind === 'stall' ? -1 : 0;
  if (slant !== 0) drawHatching(context, [x, y, width, height], slant, colour);
  context.restore();
}

function drawHatching(
  context: CanvasRenderingContext2D,
  [x, y, width, height]: readonly [number, number, number, number],
  slant: 1 | -1,
  colour: string,
): void {
  context.globalAlpha = 0.32;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.setLineDash([]);
  context.beginPath();
  for (let start = x - height; start < x + width + height; start += 7) {
    context.moveTo(start, slant === 1 ? y + height : y);
    context.lineTo(start + height, slant === 1 ? y : y + height);
  }
  context.stroke();
}

/** Truncates a text to a width; empty if nothing useful is left. */
export function truncateToWidth(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let length = Math.floor((text.length * width) / Math.max(1, context.measureText(text).width));
  while (length > 2 && context.measureText(`${text.slice(0, length)}…`).width > width) length -= 1;
  return length > 2 ? `${text.slice(0, length)}…` : '';
}
