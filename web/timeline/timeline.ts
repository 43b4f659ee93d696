import type { TimelineData } from '../../src/simulation/report/timeline-data.js';
import { findInHead, findOnStage, nextMessage } from './hit-test.js';
import { listen } from './gestures.js';
import { Layout, trackHeight } from './layout.js';
import { Legend } from './legend.js';
import { Messages } from './messages.js';
import { paintHead } from './draw-head.js';
import { paintLanes, paintMarks } from './draw-lanes.js';
import { lineOf, paintMessages } from './draw-messages.js';
import { overviewCounts, overviewMs, paintOverview } from './draw-overview.js';
import { Palette } from './palette.js';
import { arrowsMax, inView, type Scene, type Target } from './scene.js';
import { part } from './summary.js';
import { spoken, Tip } from './tooltip.js';
import { Viewport } from './viewport.js';
import { count, moment } from './format.js';

/** How much of the run is shown around a moment that is gone to, in milliseconds. */
const aroundMs = 400;

/** How much the keys and buttons zoom, and the part of the view by which they move. */
const zoomStep = 0.5;
const panStep = 0.2;

const overviewHeight = 44;

/** The timeline: its canvases, and what the reader does with them. */
export class Timeline {
  private readonly scene: Scene;
  private readonly frame = part('head', HTMLCanvasElement).parentElement?.parentElement ?? document.body;
  private readonly head = part('head', HTMLCanvasElement);
  private readonly stage = part('stage', HTMLCanvasElement);
  private readonly overview = part('overview', HTMLCanvasElement);
  private readonly scroller = part('scroller', HTMLElement);
  private readonly status = part('status', HTMLElement);
  private readonly tip = new Tip(part('tip', HTMLElement), this.frame);
  private readonly legend: Legend;
  private overviewBars: Float64Array = new Float64Array();
  /** A chosen target stays until it is let go; one that is pointed at goes with the pointer. */
  private hold: 'pointed at' | 'chosen' = 'pointed at';
  private frameState: 'painted' | 'asked for' = 'painted';

  constructor(private readonly data: TimelineData) {
    const viewport = new Viewport(Math.max(1, data.result.simulatedMs));
    this.scene = {
      data,
      messages: new Messages(data),
      viewport,
      palette: new Palette(),
      layout: this.layoutOf(viewport),
      hidden: new Set(),
      target: undefined,
      scrollTop: 0,
      stageHeight: 0,
    };
    this.legend = new Legend(this.scene, part('legend', HTMLElement), () => this.letGo());
    this.listen();
    this.resize();
  }

  /** Shows a moment from near by. */
  goTo(atMs: number): void {
    this.scene.viewport.show(atMs - aroundMs / 2, atMs + aroundMs / 2);
    this.letGo();
    this.stage.focus({ preventScroll: true });
    this.frame.scrollIntoView({ block: 'nearest' });
  }

  showAll(): void {
    this.scene.viewport.showAll();
    this.letGo();
  }

  zoom(direction: 'in' | 'out'): void {
    this.scene.viewport.zoom(direction === 'in' ? zoomStep : 1 / zoomStep);
    this.changed();
  }

  /** Shows the first violation, if there is one. */
  goToViolation(): void {
    const [violation] = this.data.result.violations;
    if (violation === undefined) return;
    this.goTo(violation.atMs);
    const lane = this.data.servers.indexOf(violation.server ?? '');
    this.revealLane(lane);
    this.choose({ kind: 'violation', violation }, this.scene.layout.x(violation.atMs), this.scene.layout.headHeight);
  }

  private listen(): void {
    for (const [canvas, find] of [
      [this.stage, findOnStage],
      [this.head, findInHead],
    ] as const) {
      const top = () => (canvas === this.stage ? this.scene.layout.headHeight : 0);
      listen(canvas, {
        point: (x, y, pointer) => {
          if (this.hold === 'chosen') return;
          this.pointAt(find(this.scene, x, y, pointer), x, y + top());
        },
        leave: () => {
          if (this.hold === 'pointed at') this.pointAt(undefined, 0, 0);
        },
        choose: (x, y, pointer) => {
          const target = find(this.scene, x, y, pointer);
          if (target === undefined) this.letGo();
          else this.choose(target, x, y + top());
        },
        pan: (pixels) => this.pan(pixels),
        zoom: (factor, x) => {
          this.scene.viewport.zoom(factor, this.scene.layout.ms(x));
          this.letGo();
        },
      });
    }
    const centre = (x: number) => {
      const { viewport } = this.scene;
      viewport.pan(overviewMs(this.scene, x) - (viewport.fromMs + viewport.toMs) / 2);
      this.letGo();
    };
    this.overview.addEventListener('pointerdown', (event) => {
      this.overview.setPointerCapture(event.pointerId);
      centre(event.offsetX);
    });
    this.overview.addEventListener('pointermove', (event) => {
      if (this.overview.hasPointerCapture(event.pointerId)) centre(event.offsetX);
    });
    this.stage.addEventListener('keydown', (event) => this.key(event));
    this.scroller.addEventListener('scroll', () => {
      this.scene.scrollTop = this.scroller.scrollTop;
      this.letGo();
    });
    new ResizeObserver(() => this.resize()).observe(this.frame);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.scene.palette.forget();
      this.legend.paint();
      this.changed();
    });
  }

  private key(event: KeyboardEvent): void {
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
      Escape: () => this.letGo(),
    };
    const action = actions[event.key];
    if (action === undefined || viewport.spanMs === 0) return;
    action();
    event.preventDefault();
  }

  /** Goes on to the next message, or back. */
  private step(step: 1 | -1): void {
    const index = nextMessage(this.scene, step);
    if (index === undefined) return;
    const { messages, viewport } = this.scene;
    viewport.reveal(messages.arrivedMs[index] ?? 0);
    this.revealLane(Math.max(messages.fromLane[index] ?? 0, messages.toLane[index] ?? 0));
    const [x1, y1, x2, y2] = lineOf(this.scene, index);
    this.choose({ kind: 'message', index }, (x1 + x2) / 2, (y1 + y2) / 2 + this.scene.layout.headHeight);
    part('spoken', HTMLElement).textContent = spoken(this.scene, { kind: 'message', index });
  }

  private revealLane(lane: number): void {
    const { layout, scrollTop, stageHeight } = this.scene;
    const y = layout.laneY(lane);
    if (lane < 0 || (y > scrollTop + 20 && y < scrollTop + stageHeight - 20)) return;
    this.scroller.scrollTop = y - stageHeight / 2;
    this.scene.scrollTop = this.scroller.scrollTop;
  }

  private pan(pixels: number): void {
    const { viewport, layout } = this.scene;
    const ms = (pixels / layout.plotWidth) * viewport.spanMs;
    viewport.pan(Math.max(-viewport.wholeMs, Math.min(viewport.wholeMs, ms)));
    this.letGo();
  }

  private choose(target: Target, x: number, y: number): void {
    this.pointAt(target, x, y);
    this.hold = 'chosen';
  }

  private pointAt(target: Target | undefined, x: number, y: number): void {
    if (target === undefined && this.scene.target === undefined) return;
    this.scene.target = target;
    if (target === undefined) this.tip.hide();
    else this.tip.show(this.scene, target, x, y);
    this.changed();
  }

  private letGo(): void {
    this.hold = 'pointed at';
    this.scene.target = undefined;
    this.tip.hide();
    this.changed();
  }

  /** Has everything painted with the next frame of the screen, once. */
  private changed(): void {
    if (this.frameState === 'asked for') return;
    this.frameState = 'asked for';
    requestAnimationFrame(() => {
      this.frameState = 'painted';
      this.paint();
    });
  }

  private layoutOf(viewport: Viewport): Layout {
    const pen = this.head.getContext('2d');
    if (pen !== null) pen.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
    const widths = this.data.servers.map((server) => pen?.measureText(server).width ?? 0);
    const nameWidth = widths.reduce((most, width) => Math.max(most, width), 0);
    return new Layout(this.data, this.frame.clientWidth, innerHeight, nameWidth, viewport);
  }

  private resize(): void {
    this.scene.layout = this.layoutOf(this.scene.viewport);
    const { layout } = this.scene;
    const lanesHeight = layout.laneHeight * this.data.servers.length;
    this.scene.stageHeight = Math.min(lanesHeight, Math.round(innerHeight * 0.76));
    this.name(layout, lanesHeight);
    this.overviewBars = overviewCounts(this.scene);
    this.changed();
  }

  /** Puts the names of lanes and tracks where they belong, as text that can be read aloud. */
  private name({ gutter, laneHeight, violationTop, scriptTop, violationTracks, ...layout }: Layout, all: number): void {
    const item = (text: string, top: number, height: number) => {
      const element = document.createElement('li');
      element.textContent = text;
      Object.assign(element.style, { top: `${top}px`, lineHeight: `${height}px`, width: `${gutter}px` });
      return element;
    };
    const lanes = part('lanes', HTMLElement);
    lanes.replaceChildren(...this.data.servers.map((server, lane) => item(server, lane * laneHeight, laneHeight)));
    lanes.style.height = `${all}px`;
    // What the canvas does not fill is left for it to be scrolled through.
    this.stage.style.marginBottom = `${all - this.scene.stageHeight}px`;
    part('tracks', HTMLElement).replaceChildren(
      ...(violationTracks === 1 ? [item('Violations', violationTop, trackHeight)] : []),
      item('Script', scriptTop, trackHeight),
      ...(layout.faultRowCount > 0 ? [item('Faults', scriptTop + trackHeight, trackHeight)] : []),
    );
  }

  private paint(): void {
    const { scene } = this;
    const { layout, viewport } = scene;
    const pens = [
      penOf(this.head, layout.width, layout.headHeight),
      penOf(this.stage, layout.width, scene.stageHeight),
      penOf(this.overview, layout.width, overviewHeight),
    ] as const;
    const [head, stage, overview] = pens;
    const view = inView(scene);
    paintHead(head, scene, layout.headHeight);
    paintLanes(stage, scene);
    paintMessages(stage, scene, view);
    paintMarks(stage, scene);
    paintOverview(overview, scene, this.overviewBars, overviewHeight);
    const drawn = view.arrows.length <= arrowsMax ? '' : ', drawn as density: zoom in for single arrows';
    const range = `${moment(viewport.fromMs)} to ${moment(viewport.toMs)}: ${count(view.all)} messages${drawn}`;
    this.stage.setAttribute('aria-label', `Timeline of ${this.data.servers.length} servers, ${range}`);
    this.status.textContent = `${range}.`;
  }
}

function penOf(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const pen = canvas.getContext('2d');
  if (pen === null) throw new Error('this browser has no canvas');
  const scale = devicePixelRatio;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  canvas.style.height = `${height}px`;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}
