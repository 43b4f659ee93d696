import type { Scene, Target } from './scene.js';
import { duration, faultNames, kindNames, legible, markNames, moment, readable, size } from './format.js';

/** What is told of a target. */
interface Told {
  readonly title: string;
  readonly lines: readonly string[];
  /** As it was sent. */
  readonly text?: string;
}

/** The card that tells what is pointed at. */
export class Tip {
  constructor(
    private readonly element: HTMLElement,
    private readonly frame: HTMLElement,
  ) {}

  hide(): void {
    this.element.hidden = true;
  }

  /** Shows it beside a place of the frame, where it covers neither that nor leaves the frame. */
  show(scene: Scene, target: Target, x: number, y: number): void {
    const { title, lines, text } = tell(scene, target);
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

/** All that is told of a target, for those who cannot see the card. */
export function spoken(scene: Scene, target: Target): string {
  const { title, lines, text } = tell(scene, target);
  return [title, ...lines, ...(text === undefined ? [] : [text])].join('. ');
}

function tell(scene: Scene, target: Target): Told {
  switch (target.kind) {
    case 'message':
      return tellMessage(scene, target.index);
    case 'band': {
      const { kind, text, fromMs, toMs } = target.band;
      const until = toMs >= scene.viewport.wholeMs ? 'the end' : moment(toMs);
      return { title: text, lines: [faultNames[kind], `${moment(fromMs)} to ${until}: ${duration(toMs - fromMs)}`] };
    }
    case 'mark': {
      const { kind, atMs, lane, text } = target.mark;
      return { title: `${scene.data.servers[lane] ?? ''}: ${markNames[kind]}`, lines: [moment(atMs), legible(text)] };
    }
    case 'step':
      return { title: target.step.text, lines: [`step at ${moment(target.step.atMs)}`, target.step.place] };
    case 'violation': {
      const { invariant, atMs, text, server } = target.violation;
      return { title: `violated: ${invariant}`, lines: [moment(atMs), server ?? 'the herd'], text: legible(text) };
    }
  }
}

function tellMessage({ messages, data }: Scene, index: number): Told {
  const { from, to } = messages.ends(index);
  const sentMs = messages.sentMs[index] ?? 0;
  const arrivedMs = messages.arrivedMs[index] ?? 0;
  const bytes = messages.bytes(index);
  const text = messages.text(index);
  const cut = text !== undefined && text.length < bytes ? `… (${bytes - text.length} bytes more)` : '';
  return {
    title: `${readable(from)} → ${readable(to)}`,
    lines: [
      kindNames[data.kinds[messages.kind[index] ?? 0] ?? 'other'],
      `sent ${moment(sentMs, 4)}, arrived ${moment(arrivedMs, 4)}: ${duration(arrivedMs - sentMs)}, ${size(bytes)}`,
    ],
    text: text === undefined ? '(its text was left out)' : readable(text).trimEnd() + cut,
  };
}

function paragraph(text: string): HTMLParagraphElement {
  const element = document.createElement('p');
  element.textContent = text;
  return element;
}
