const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** The largest number of a unit before the next larger unit is used: `90 s` is more precise than `2 min`. */
const maxUnits = 120;

/**
 * Formats a delay: `41 s`, `12 min`, `24 h`. Rounds up, to at least 1 s, so that the event never comes later than stated.
 * @param ms 0 or more
 */
export function formatDuration(ms: number): string {
  if (ms <= maxUnits * secondMs) return `${Math.max(1, Math.ceil(ms / secondMs))} s`;
  if (ms <= maxUnits * minuteMs) return `${Math.ceil(ms / minuteMs)} min`;
  return `${Math.ceil(ms / hourMs)} h`;
}
