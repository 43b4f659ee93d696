import type { FaultKind, Mark, MessageKind } from '../../src/simulation/report/timeline-data.js';

/*
 * How things look, wherever they are drawn: on the timeline and in its legend.
 */

/** How far above its lane a tick begins and ends, in pixels. */
export const tickTop = 15;
const tickBottom = 4;

/** Dashes set apart what colour alone might not. */
const dashes: Partial<Record<MessageKind, readonly number[]>> = {
  heartbeat: [1.5, 3],
  comparison: [6, 3],
  handshake: [9, 2, 2, 2],
};

/** A line from here to there, with a head where it arrives if there is room for one. */
export function arrow(
  pen: CanvasRenderingContext2D,
  kind: MessageKind,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  headSize: number,
): void {
  pen.setLineDash([...(dashes[kind] ?? [])]);
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
  if (headSize === 0) return;
  const angle = Math.atan2(y2 - y1, x2 - x1);
  pen.setLineDash([]);
  pen.beginPath();
  pen.moveTo(x2, y2);
  pen.lineTo(x2 - headSize * Math.cos(angle - 0.42), y2 - headSize * Math.sin(angle - 0.42));
  pen.lineTo(x2 - headSize * Math.cos(angle + 0.42), y2 - headSize * Math.sin(angle + 0.42));
  pen.closePath();
  pen.fill();
}

/** What a client said, or heard: a tick above the lane, with a head that tells which where there is room for it. */
export function tick(
  pen: CanvasRenderingContext2D,
  kind: MessageKind,
  x: number,
  y: number,
  detail: 'line' | 'head',
): void {
  pen.setLineDash([]);
  pen.beginPath();
  pen.moveTo(x, y - tickTop);
  pen.lineTo(x, y - tickBottom);
  pen.stroke();
  if (detail === 'line') return;
  pen.beginPath();
  if (kind === 'report') pen.arc(x, y - tickTop, 3.2, 0, 2 * Math.PI);
  else if (kind === 'ask') pen.rect(x - 3, y - tickTop - 3, 6, 6);
  else {
    pen.moveTo(x - 3.5, y - tickTop + 2);
    pen.lineTo(x, y - tickTop - 4);
    pen.lineTo(x + 3.5, y - tickTop + 2);
    pen.closePath();
  }
  pen.fill();
}

/** Something that happened in a lane. */
export function mark(pen: CanvasRenderingContext2D, kind: Mark['kind'], x: number, y: number, paper: string): void {
  pen.setLineDash([]);
  pen.beginPath();
  if (kind === 'link up') {
    pen.arc(x, y, 3.5, 0, 2 * Math.PI);
    const ink = pen.fillStyle;
    pen.fillStyle = paper;
    pen.fill();
    pen.fillStyle = ink;
  } else {
    const reach = kind === 'failure' ? 5.5 : 3.5;
    pen.moveTo(x - reach, y - reach);
    pen.lineTo(x + reach, y + reach);
    pen.moveTo(x + reach, y - reach);
    pen.lineTo(x - reach, y + reach);
  }
  pen.stroke();
}

/** A time in which something is broken: a wash, hatched in a way of its own. */
export function band(
  pen: CanvasRenderingContext2D,
  kind: FaultKind,
  [x, y, width, height]: readonly [number, number, number, number],
  colour: string,
): void {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, height);
  pen.clip();
  pen.fillStyle = colour;
  pen.globalAlpha = kind === 'crash' ? 0.2 : 0.13;
  pen.fillRect(x, y, width, height);
  const slant = kind === 'crash' || kind === 'cut' ? 1 : kind === 'pause' || kind === 'stall' ? -1 : 0;
  if (slant !== 0) hatch(pen, [x, y, width, height], slant, colour);
  pen.restore();
}

function hatch(
  pen: CanvasRenderingContext2D,
  [x, y, width, height]: readonly [number, number, number, number],
  slant: 1 | -1,
  colour: string,
): void {
  pen.globalAlpha = 0.32;
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.setLineDash([]);
  pen.beginPath();
  for (let start = x - height; start < x + width + height; start += 7) {
    pen.moveTo(start, slant === 1 ? y + height : y);
    pen.lineTo(start + height, slant === 1 ? y : y + height);
  }
  pen.stroke();
}

/** As much of a text as fits; empty if that would tell nothing. */
export function fitting(pen: CanvasRenderingContext2D, text: string, width: number): string {
  if (pen.measureText(text).width <= width) return text;
  let length = Math.floor((text.length * width) / Math.max(1, pen.measureText(text).width));
  while (length > 2 && pen.measureText(`${text.slice(0, length)}…`).width > width) length -= 1;
  return length > 2 ? `${text.slice(0, length)}…` : '';
}
