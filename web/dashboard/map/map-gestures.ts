/** Handlers of pointer gestures on the map; coordinates in pixels. */
export interface MapGestures {
  pan(dx: number, dy: number): void;
  zoom(factor: number, x: number, y: number): void;
  tap(x: number, y: number): void;
  /** The pointer moves without being pressed. */
  point(x: number, y: number): void;
  leave(): void;
}

/** Maximum movement of a tap in pixels. */
const maxTapMovePixels = 5;

/** Translates pointer and wheel events to gestures: drag, wheel, pinch, tap. */
export function listenToGestures(container: HTMLElement, gestures: MapGestures): void {
  const fingers = new Map<number, { x: number; y: number }>();
  let movedPixels = 0;
  const placeOf = (event: MouseEvent): [x: number, y: number] => {
    const box = container.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  container.addEventListener('pointerdown', (event) => {
    const [x, y] = placeOf(event);
    container.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x, y });
    if (fingers.size === 1) movedPixels = 0;
  });
  container.addEventListener('pointermove', (event) => {
    const [x, y] = placeOf(event);
    const finger = fingers.get(event.pointerId);
    if (finger === undefined) {
      gestures.point(x, y);
      return;
    }
    const before = pinchOf([...fingers.values()]);
    const [dx, dy] = [x - finger.x, y - finger.y];
    fingers.set(event.pointerId, { x, y });
    movedPixels += Math.hypot(dx, dy);
    gestures.pan(dx / fingers.size, dy / fingers.size);
    const after = pinchOf([...fingers.values()]);
    if (before.width > 0 && after.width > 0) gestures.zoom(after.width / before.width, after.x, after.y);
  });
  const onRelease = (event: PointerEvent): void => {
    const alone = fingers.size === 1;
    if (!fingers.delete(event.pointerId)) return;
    if (alone && movedPixels <= maxTapMovePixels && event.type === 'pointerup') gestures.tap(...placeOf(event));
  };
  container.addEventListener('pointerup', onRelease);
  container.addEventListener('pointercancel', onRelease);
  container.addEventListener('pointerleave', () => gestures.leave());
  container.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      gestures.zoom(Math.exp(-event.deltaY / 400), ...placeOf(event));
    },
    { passive: false },
  );
}

/** Distance of two fingers and their midpoint; zero for fewer fingers. */
function pinchOf([first, second]: readonly { x: number; y: number }[]): { width: number; x: number; y: number } {
  if (first === undefined || second === undefined) return { width: 0, x: 0, y: 0 };
  const width = Math.hypot(first.x - second.x, first.y - second.y);
  return { width, x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 };
}
