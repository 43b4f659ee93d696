/** Script for the page: resolves with the time of its `useful` mark, in milliseconds. */
export const usefulAtScript = `new Promise((resolve) => {
  const check = () => {
    const [useful] = performance.getEntriesByName('useful');
    if (useful === undefined) requestAnimationFrame(check);
    else resolve(useful.startTime);
  };
  check();
})`;

/** Script for the page: resolves with the frame rate over the next second. */
export const framesPerSecondScript = `new Promise((resolve) => {
  const startedMs = performance.now();
  let frames = 0;
  const count = () => {
    frames += 1;
    const tookMs = performance.now() - startedMs;
    if (tookMs < 1_000) requestAnimationFrame(count);
    else resolve((frames * 1_000) / tookMs);
  };
  requestAnimationFrame(count);
})`;
