/** Runs in the page: when it was useful, once it is. */
export const usefulAt = `new Promise((resolve) => {
  const look = () => {
    const [useful] = performance.getEntriesByName('useful');
    if (useful === undefined) requestAnimationFrame(look);
    else resolve(useful.startTime);
  };
  look();
})`;

/** Runs in the page: how many frames it paints in the next second. */
export const framesInASecond = `new Promise((resolve) => {
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
