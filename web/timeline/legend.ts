import type { FaultKind, TimelineMark } from '../../src/simulation/report/timeline-data.js';
import type { Scene } from './scene.js';
import { drawArrow, drawBand, drawMark, drawTick } from './symbols.js';
import { formatCount, faultNames, kindNames, markNames } from './format.js';

const width = 26;
const height = 14;

/** Legend of the timeline, with switches for kinds of messages. It lists only what occurs. */
export class Legend {
  private readonly drawings: (() => void)[] = [];

  constructor(
    private readonly scene: Scene,
    element: HTMLElement,
    onChange: () => void,
  ) {
    const { data, messages } = scene;
    const counts = data.kinds.map(() => 0);
    for (const kind of messages.kind) counts[kind] = (counts[kind] ?? 0) + 1;
    for (const [index, kind] of data.kinds.entries()) {
      if (counts[index] === 0) continue;
      const button = document.createElement('button');
      button.type = 'button';
      button.setAttribute('aria-pressed', 'true');
      const total = document.createElement('small');
      total.textContent = formatCount(counts[index] ?? 0);
      button.append(
        this.symbol((pen) => this.drawMessage(pen, index)),
        kindNames[kind],
        total,
      );
      button.addEventListener('click', () => {
        if (!scene.hidden.delete(index)) scene.hidden.add(index);
        button.setAttribute('aria-pressed', String(!scene.hidden.has(index)));
        onChange();
      });
      element.append(button);
    }
    for (const kind of new Set(data.marks.map((each) => each.kind))) {
      element.append(this.legendItem((pen) => this.drawMark(pen, kind), markNames[kind]));
    }
    for (const kind of new Set(data.bands.map((each) => each.kind))) {
      element.append(this.legendItem((pen) => this.drawBand(pen, kind), faultNames[kind]));
    }
    if (data.result.violations.length > 0)
      element.append(this.legendItem((pen) => this.drawViolation(pen), 'violation'));
    this.paint();
  }

  /** Draws all symbols in the present colours. */
  paint(): void {
    for (const draw of this.drawings) draw();
  }

  private legendItem(draw: (context: CanvasRenderingContext2D) => void, name: string): HTMLElement {
    const element = document.createElement('span');
    element.className = 'key';
    element.append(this.symbol(draw), name);
    return element;
  }

  private symbol(draw: (context: CanvasRenderingContext2D) => void): HTMLCanvasElement {
    const canvas = document.createElement('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    this.drawings.push(() => {
      const scale = devicePixelRatio;
      canvas.width = width * scale;
      canvas.height = height * scale;
      const context = canvas.getContext('2d');
      if (context === null) return;
      context.scale(scale, scale);
      context.lineWidth = 1.75;
      draw(context);
    });
    return canvas;
  }

  private drawMessage(context: CanvasRenderingContext2D, index: number): void {
    const kind = this.scene.data.kinds[index] ?? 'other';
    context.strokeStyle = context.fillStyle = this.scene.palette.of(kind);
    if (kind === 'report' || kind === 'query' || kind === 'response')
      drawTick(context, kind, width / 2, height + 6, 'head');
    else drawArrow(context, kind, [1, height / 2, width - 1, height / 2], 7);
  }

  private drawMark(context: CanvasRenderingContext2D, kind: TimelineMark['kind']): void {
    context.strokeStyle = this.scene.palette.of(kind === 'link up' ? 'up' : 'crash');
    drawMark(context, kind, width / 2, height / 2, this.scene.palette.of('card'));
  }

  private drawBand(context: CanvasRenderingContext2D, kind: FaultKind): void {
    const colour = this.scene.palette.of(kind);
    drawBand(context, kind, [0, 0, width, height], colour);
    context.fillStyle = colour;
    context.fillRect(0, 0, 3, height);
    context.fillRect(0, height - 3, width, 3);
  }

  private drawViolation(context: CanvasRenderingContext2D): void {
    context.fillStyle = this.scene.palette.of('violation');
    context.fillRect(width / 2 - 1, 0, 2, height);
  }
}
