import type { TimelineData } from '../../src/simulation/report/timeline-data.js';
import { findInHead, findOnLanes, nextMessage } from './hit-test.js';
import { listenToGestures } from './gestures.js';
import { Layout, trackHeight } from './layout.js';
import { Legend } from './legend.js';
import { Messages } from './messages.js';
import { drawHead } from './draw-head.js';
import { drawLanes, drawMarks } from './draw-lanes.js';
import { messageLine, drawMessages } from './draw-messages.js';
import { overviewCounts, overviewMs, drawOverview } from './draw-overview.js';
import { Palette } from './palette.js';
import { maxArrows, findMessagesInView, type Scene, type Target } from './scene.js';
import { byId } from './summary.js';
import { describeAsText, Tooltip } from './tooltip.js';
import { Viewport } from './viewport.js';
import { formatCount, formatMoment } from './format.js';

/** Duration shown around a moment that is navigated to, in milliseconds. */
const focusSpanMs = 400;

/** Zoom factor of keys and buttons, and the fraction of the view by which they move. */
const zoomStep = 0.5;
const panStep = 0.2;

const overviewHeight = 44;

/** The timeline: its canvases and their interaction. */
export class Timeline {
  private readonly scene: Scene;
  private readonly frame = byId('head', HTMLCanvasElement).parentElement?.parentElement ?? document.body;
  private readonly headCanvas = byId('head', HTMLCanvasElement);
  private readonly laneCanvas = byId('lane-canvas', HTMLCanvasElement);
  private readonly overviewCanvas = byId('overview', HTMLCanvasElement);
  private readonly scroller = byId('scroller', HTMLElement);
  private readonly status = byId('status', HTMLElement);
  private readonly tooltip = new Tooltip(byId('tooltip', HTMLElement), this.frame);
  private readonly legend: Legend;
  private overviewBars: Float64Array = new Float64Array();
  /** A chosen target stays until it is deselected; a hovered one follows the pointer. */
  private hold: 'pointed at' | 'chosen' = 'pointed at';
  private frameState: 'painted' | 'asked for' = 'painted';

  constructor(private readonly data: TimelineData) {
    const viewport = new Viewport(Math.max(1, data.result.simulatedMs));
    this.scene = {
      data,
      messages: new Messages(data),
      viewport,
      palette: new Palette(),
      layout: this.createLayout(viewport),
      hidden: new Set(),
      target: undefined,
      scrollTop: 0,
      lanesViewHeight: 0,
    };
    this.legend = new Legend(this.scene, byId('legend', HTMLElement), () => this.clearTarget());
    this.listen();
    this.resize();
  }

  /** Shows a moment at close range. */
  goTo(atMs: number): void {
    this.scene.viewport.show(atMs - focusSpanMs / 2, atMs + focusSpanMs / 2);
    this.clearTarget();
    this.laneCanvas.focus({ preventScroll: true });
    this.frame.scrollIntoView({ block: 'nearest' });
  }

  showAll(): void {
    this.scene.viewport.showAll();
    this.clearTarget();
  }

  zoom(direction: 'in' | 'out'): void {
    this.scene.viewport.zoom(direction === 'in' ? zoomStep : 1 / zoomStep);
    this.requestPaint();
  }

  /** Shows the first violation, if there is one. */
  goToViolation(): void {
    const [violation] = this.data.result.violations;
    if (violation === undefined) return;
    this.goTo(violation.atMs);
    const lane = this.data.lanes.indexOf(violation.server ?? '');
    this.revealLane(lane);
    this.choose({ kind: 'violation', violation }, this.scene.layout.x(violation.atMs), this.scene.layout.headHeight);
  }

  private listen(): void {
    for (const [canvas, find] of [
      [this.laneCanvas, findOnLanes],
      [this.headCanvas, findInHead],
    ] as const) {
      const top = () => (canvas === this.laneCanvas ? this.scene.layout.headHeight : 0);
      listenToGestures(canvas, {
        point: (x, y, pointer) => {
          if (this.hold === 'chosen') return;
          this.pointAt(find(this.scene, x, y, pointer), x, y + top());
        },
        leave: () => {
          if (this.hold === 'pointed at') this.pointAt(undefined, 0, 0);
        },
        choose: (x, y, pointer) => {
          const target = find(this.scene, x, y, pointer);
          if (target === undefined) this.clearTarget();
          else this.choose(target, x, y + top());
        },
        pan: (pixels) => this.pan(pixels),
        zoom: (factor, x) => {
          this.scene.viewport.zoom(factor, this.scene.layout.ms(x));
          this.clearTarget();
        },
      });
    }
    const centreOn = (x: number) => {
      const { viewport } = this.scene;
      viewport.pan(overviewMs(this.scene, x) - (viewport.fromMs + viewport.toMs) / 2);
      this.clearTarget();
    };
    this.overviewCanvas.addEventListener('pointerdown', (event) => {
      this.overviewCanvas.setPointerCapture(event.pointerId);
      centreOn(event.offsetX);
    });
    this.overviewCanvas.addEventListener('pointermove', (event) => {
      if (this.overviewCanvas.hasPointerCapture(event.pointerId)) centreOn(event.offsetX);
    });
    this.laneCanvas.addEventListener('keydown', (event) => this.handleKey(event));
    this.scroller.addEventListener('scroll', () => {
      this.scene.scrollTop = this.scroller.scrollTop;
      this.clearTarget();
    });
    new ResizeObserver(() => this.resize()).observe(this.frame);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.scene.palette.clear();
      this.legend.paint();
      this.requestPaint();
    });
  }

  private handleKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { viewport } = this.scene;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowRight: () => (event.shiftKey ? this.pan(this.scene.layout.plotWidth * panStep) : this.step(1)),
      ArrowLeft: () => (event.shiftKey ? this.pan(-this.scene.layout.plotWidth * panStep) : this.step(-1)),
      '+': () => this.zoom('in'),
      '=': () => this.zoom('in'),
      '-': () => this.zoom('out'),
      '0': () => this.showAll(),
      Home: () => this.pan(-Infinity),
      End: () => this.pan(Infinity),
      v: () => this.goToViolation(),
      V: () => this.goToViolation(),
      Escape: () => this.clearTarget(),
    };
    const action = actions[event.key];
    if (action === undefined || viewport.spanMs === 0) return;
    action();
    event.preventDefault();
  }

  /** Moves to the next or previous message. */
  private step(step: 1 | -1): void {
    const index = nextMessage(this.scene, step);
    if (index === undefined) return;
    const { messages, viewport } = this.scene;
    viewport.reveal(messages.arrivedMs[index] ?? 0);
    this.revealLane(Math.max(messages.fromLane[index] ?? 0, messages.toLane[index] ?? 0));
    const [x1, y1, x2, y2] = messageLine(this.scene, index);
    this.choose({ kind: 'message', index }, (x1 + x2) / 2, (y1 + y2) / 2 + this.scene.layout.headHeight);
    byId('announcement', HTMLElement).textContent = describeAsText(this.scene, { kind: 'message', index });
  }

  private revealLane(lane: number): void {
    const { layout, scrollTop, lanesViewHeight } = this.scene;
    const y = layout.laneY(lane);
    if (lane < 0 || (y > scrollTop + 20 && y < scrollTop + lanesViewHeight - 20)) return;
    this.scroller.scrollTop = y - lanesViewHeight / 2;
    this.scene.scrollTop = this.scroller.scrollTop;
  }

  private pan(pixels: number): void {
    const { viewport, layout } = this.scene;
    const ms = (pixels / layout.plotWidth) * viewport.spanMs;
    viewport.pan(Math.max(-viewport.totalMs, Math.min(viewport.totalMs, ms)));
    this.clearTarget();
  }

  private choose(target: Target, x: number, y: number): void {
    this.pointAt(target, x, y);
    this.hold = 'chosen';
  }

  private pointAt(target: Target | undefined, x: number, y: number): void {
    if (target === undefined && this.scene.target === undefined) return;
    this.scene.target = target;
    if (target === undefined) this.tooltip.hide();
    else this.tooltip.show(this.scene, target, x, y);
    this.requestPaint();
  }

  private clearTarget(): void {
    this.hold = 'pointed at';
    this.scene.target = undefined;
    this.tooltip.hide();
    this.requestPaint();
  }

  /** Schedules one repaint for the next animation frame. */
  private requestPaint(): void {
    if (this.frameState === 'asked for') return;
    this.frameState = 'asked for';
    requestAnimationFrame(() => {
      this.frameState = 'painted';
      this.paint();
    });
  }

  private createLayout(viewport: Viewport): Layout {
    const context = this.headCanvas.getContext('2d');
    if (context !== null) context.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
    const widths = this.data.lanes.map((server) => context?.measureText(server).width ?? 0);
    const nameWidth = widths.reduce((widest, width) => Math.max(widest, width), 0);
    return new Layout(this.data, this.frame.clientWidth, innerHeight, nameWidth, viewport);
  }

  private resize(): void {
    this.scene.layout = this.createLayout(this.scene.viewport);
    const { layout } = this.scene;
    const lanesHeight = layout.laneHeight * this.data.lanes.length;
    this.scene.lanesViewHeight = Math.min(lanesHeight, Math.round(innerHeight * 0.76));
    this.renderLabels(layout, lanesHeight);
    this.overviewBars = overviewCounts(this.scene);
    this.requestPaint();
  }

  /** Positions the names of lanes and fault rows, as text for screen readers. */
  private renderLabels(
    { gutter, laneHeight, violationTop, scriptTop, violationTracks, ...layout }: Layout,
    lanesHeight: number,
  ): void {
    const item = (text: string, top: number, height: number) => {
      const element = document.createElement('li');
      element.textContent = text;
      Object.assign(element.style, { top: `${top}px`, lineHeight: `${height}px`, width: `${gutter}px` });
      return element;
    };
    const lanes = byId('lanes', HTMLElement);
    lanes.replaceChildren(...this.data.lanes.map((server, lane) => item(server, lane * laneHeight, laneHeight)));
    lanes.style.height = `${lanesHeight}px`;
    // The canvas covers the visible part only; the margin makes the rest scrollable.
    this.laneCanvas.style.marginBottom = `${lanesHeight - this.scene.lanesViewHeight}px`;
    byId('fault-rows', HTMLElement).replaceChildren(
      ...(violationTracks === 1 ? [item('Violations', violationTop, trackHeight)] : []),
      item('Script', scriptTop, trackHeight),
      ...(layout.faultRowCount > 0 ? [item('Faults', scriptTop + trackHeight, trackHeight)] : []),
    );
  }

  private paint(): void {
    const { scene } = this;
    const { layout, viewport } = scene;
    const contexts = [
      prepareContext(this.headCanvas, layout.width, layout.headHeight),
      prepareContext(this.laneCanvas, layout.width, scene.lanesViewHeight),
      prepareContext(this.overviewCanvas, layout.width, overviewHeight),
    ] as const;
    const [head, lanes, overview] = contexts;
    const view = findMessagesInView(scene);
    drawHead(head, scene, layout.headHeight);
    drawLanes(lanes, scene);
    drawMessages(lanes, scene, view);
    drawMarks(lanes, scene);
    drawOverview(overview, scene, this.overviewBars, overviewHeight);
    const drawn = view.arrows.length <= maxArrows ? '' : ', drawn as density: zoom in for single arrows';
    const range = `${formatMoment(viewport.fromMs)} to ${formatMoment(viewport.toMs)}: ${formatCount(view.all)} messages${drawn}`;
    this.laneCanvas.setAttribute('aria-label', `Timeline of ${this.data.lanes.length} servers, ${range}`);
    this.status.textContent = `${range}.`;
  }
}

function prepareContext(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser does not support canvas');
  const scale = devicePixelRatio;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  canvas.style.height = `${height}px`;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
