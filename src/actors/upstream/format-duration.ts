const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** As many of a unit are told before the next larger one is: `90 s` says more than `2 min`. */
const maxUnits = 120;

/**
 * How long it is until something happens again, for people: `41 s`, `12 min`, `24 h`. Rounded up, so that it is never sooner than they
 * were told; what is nearly over is a second.
 * @param ms 0 or more
 */
export function formatDuration(ms: number): string {
  if (ms <= maxUnits * secondMs) return `${Math.max(1, Math.ceil(ms / secondMs))} s`;
  if (ms <= maxUnits * minuteMs) return `${Math.ceil(ms / minuteMs)} min`;
  return `${Math.ceil(ms / hourMs)} h`;
}
