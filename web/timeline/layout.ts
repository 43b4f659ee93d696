import type { FaultBand, TimelineData } from '../../src/simulation/report/timeline-data.js';
import type { Viewport } from './viewport.js';

/** Heights, in pixels. */
export const axisHeight = 26;
export const trackHeight = 21;

/** Lanes fill the window within these limits. */
const minLaneHeight = 24;
const maxLaneHeight = 92;

/** Maximum number of fault rows; faults without a free row share the last. */
const maxFaultRows = 10;

/** Positions on the canvases, in pixels. */
export class Layout {
  /** Width reserved for names at the left. */
  readonly gutter: number;
  readonly laneHeight: number;
  /** Row of each band, from 0. */
  readonly faultRows: ReadonlyMap<FaultBand, number>;
  readonly faultRowCount: number;
  readonly violationTracks: 0 | 1;

  constructor(
    { lanes, bands, result }: TimelineData,
    readonly width: number,
    windowHeight: number,
    nameWidth: number,
    private readonly viewport: Viewport,
  ) {
    this.gutter = Math.round(Math.min(width * 0.24, Math.max(84, nameWidth + 18)));
    const room = Math.max(320, windowHeight * 0.62) / Math.max(1, lanes.length);
    this.laneHeight = Math.round(Math.max(minLaneHeight, Math.min(maxLaneHeight, room)));
    this.faultRows = assignRows(bands);
    this.faultRowCount = bands.length === 0 ? 0 : Math.max(...this.faultRows.values()) + 1;
    this.violationTracks = result.violations.length === 0 ? 0 : 1;
  }

  get plotWidth(): number {
    return this.width - this.gutter - 12;
  }

  get headHeight(): number {
    return this.faultTop(this.faultRowCount) + 4;
  }

  get violationTop(): number {
    return axisHeight;
  }

  get scriptTop(): number {
    return axisHeight + this.violationTracks * trackHeight;
  }

  faultTop(row: number): number {
    return this.scriptTop + trackHeight * (row + 1);
  }

  /** The middle of a lane, from the top of the first lane. */
  laneY(lane: number): number {
    return (lane + 0.5) * this.laneHeight;
  }

  x(ms: number): number {
    return this.gutter + ((ms - this.viewport.fromMs) / this.viewport.spanMs) * this.plotWidth;
  }

  ms(x: number): number {
    return this.viewport.fromMs + ((x - this.gutter) / this.plotWidth) * this.viewport.spanMs;
  }
}

/** Assigns each band the first row that is free when it begins. */
function assignRows(bands: readonly FaultBand[]): Map<FaultBand, number> {
  const rowEndsMs: number[] = [];
  const rows = new Map<FaultBand, number>();
  for (const band of bands) {
    const freeRow = rowEndsMs.findIndex((endMs) => endMs <= band.fromMs);
    const row = freeRow >= 0 ? freeRow : Math.min(rowEndsMs.length, maxFaultRows - 1);
    rowEndsMs[row] = Math.max(rowEndsMs[row] ?? 0, band.toMs);
    rows.set(band, row);
  }
  return rows;
}
