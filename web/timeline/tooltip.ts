import type { Scene, Target } from './scene.js';
import {
  formatDuration,
  faultNames,
  kindNames,
  decodeText,
  markNames,
  formatMoment,
  escapeBytes,
  formatBytes,
} from './format.js';

/** Content of a tooltip. */
interface TooltipContent {
  readonly title: string;
  readonly lines: readonly string[];
  /** As it was sent. */
  readonly text?: string;
}

/** The tooltip of the target. */
export class Tooltip {
  constructor(
    private readonly element: HTMLElement,
    private readonly frame: HTMLElement,
  ) {}

  hide(): void {
    this.element.hidden = true;
  }

  /** Shows it beside a position, without covering it or leaving the frame. */
  show(scene: Scene, target: Target, x: number, y: number): void {
    const { title, lines, text } = describeTarget(scene, target);
    const heading = document.createElement('strong');
    heading.textContent = title;
    this.element.replaceChildren(heading, ...lines.map((line) => paragraph(line)));
    if (text !== undefined) {
      const message = document.createElement('pre');
      message.textContent = text;
      this.element.append(message);
    }
    this.element.hidden = false;
    const { offsetWidth, offsetHeight } = this.element;
    const { clientWidth, clientHeight } = this.frame;
    const right = x + 16 + offsetWidth < clientWidth;
    const left = right ? x + 16 : Math.max(8, x - 16 - offsetWidth);
    const top = Math.max(8, Math.min(clientHeight - offsetHeight - 8, y + 16));
    this.element.style.left = `${left}px`;
    this.element.style.top = `${top}px`;
    this.element.dataset['x'] = String(Math.round(x));
    this.element.dataset['y'] = String(Math.round(y));
  }
}

/** Describes a target for screen readers. */
export function describeAsText(scene: Scene, target: Target): string {
  const { title, lines, text } = describeTarget(scene, target);
  return [title, ...lines, ...(text === undefined ? [] : [text])].join('. ');
}

function describeTarget(scene: Scene, target: Target): TooltipContent {
  switch (target.kind) {
    case 'message':
      return describeMessage(scene, target.index);
    case 'band': {
      const { kind, text, fromMs, toMs } = target.band;
      const until = toMs >= scene.viewport.totalMs ? 'the end' : formatMoment(toMs);
      return {
        title: text,
        lines: [faultNames[kind], `${formatMoment(fromMs)} to ${until}: ${formatDuration(toMs - fromMs)}`],
      };
    }
    case 'mark': {
      const { kind, atMs, lane, text } = target.mark;
      return {
        title: `${scene.data.lanes[lane] ?? ''}: ${markNames[kind]}`,
        lines: [formatMoment(atMs), decodeText(text)],
      };
    }
    case 'step':
      return { title: target.step.text, lines: [`step at ${formatMoment(target.step.atMs)}`, target.step.sourceLine] };
    case 'violation': {
      const { invariant, atMs, text, server } = target.violation;
      return {
        title: `violation: ${invariant}`,
        lines: [formatMoment(atMs), server ?? 'the herd'],
        text: decodeText(text),
      };
    }
  }
}

function describeMessage({ messages, data }: Scene, index: number): TooltipContent {
  const { from, to } = messages.ends(index);
  const sentMs = messages.sentMs[index] ?? 0;
  const arrivedMs = messages.arrivedMs[index] ?? 0;
  const bytes = messages.bytes(index);
  const text = messages.text(index);
  const cutNote = text !== undefined && text.length < bytes ? `… (${bytes - text.length} bytes more)` : '';
  return {
    title: `${escapeBytes(from)} → ${escapeBytes(to)}`,
    lines: [
      kindNames[data.kinds[messages.kind[index] ?? 0] ?? 'other'],
      `sent ${formatMoment(sentMs, 4)}, arrived ${formatMoment(arrivedMs, 4)}: ${formatDuration(arrivedMs - sentMs)}, ${formatBytes(bytes)}`,
    ],
    text: text === undefined ? '(text omitted)' : escapeBytes(text).trimEnd() + cutNote,
  };
}

function paragraph(text: string): HTMLParagraphElement {
  const element = document.createElement('p');
  element.textContent = text;
  return element;
}
