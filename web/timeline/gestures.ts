/** Gestures on the timeline. Positions are in pixels from the canvas' corner. */
export interface Gestures {
  /** The pointer moved without being pressed. */
  point(x: number, y: number, pointer: string): void;
  /** The pointer left. */
  leave(): void;
  /** The pointer was pressed and released in one place. */
  choose(x: number, y: number, pointer: string): void;
  pan(pixels: number): void;
  /** Factor below 1: zoom in. */
  zoom(factor: number, x: number): void;
}

/** Movement of a pressed pointer that still counts as a click, in pixels. */
const maxClickMovePixels = 4;

/** Zoom per pixel of wheel movement; a wheel step is some hundred pixels. */
const zoomPerPixel = 0.0022;

/** Translates pointer and wheel events of a canvas to gestures. */
export function listenToGestures(canvas: HTMLCanvasElement, gestures: Gestures): void {
  const pressed = new Map<number, { x: number; y: number }>();
  let movedPixels = 0;
  const placeOf = (event: MouseEvent) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    if (pressed.size === 0) movedPixels = 0;
    pressed.set(event.pointerId, placeOf(event));
  });
  canvas.addEventListener('pointermove', (event) => {
    const place = placeOf(event);
    const before = pressed.get(event.pointerId);
    if (before === undefined) {
      gestures.point(place.x, place.y, event.pointerType);
      return;
    }
    movedPixels += Math.hypot(place.x - before.x, place.y - before.y);
    pressed.set(event.pointerId, place);
    const other = [...pressed].find(([id]) => id !== event.pointerId)?.[1];
    if (other !== undefined) pinch(before.x, place.x, other.x);
    else if (movedPixels > maxClickMovePixels) gestures.pan(before.x - place.x);
  });
  const pinch = (beforeX: number, x: number, otherX: number) => {
    const [distanceBefore, distance] = [Math.abs(beforeX - otherX), Math.abs(x - otherX)];
    gestures.pan((beforeX - x) / 2);
    if (Math.min(distance, distanceBefore) > 8) gestures.zoom(distanceBefore / distance, (x + otherX) / 2);
  };
  canvas.addEventListener('pointerup', (event) => {
    const wasPressed = pressed.delete(event.pointerId);
    const { x, y } = placeOf(event);
    if (wasPressed && pressed.size === 0 && movedPixels <= maxClickMovePixels) gestures.choose(x, y, event.pointerType);
  });
  canvas.addEventListener('pointercancel', (event) => pressed.delete(event.pointerId));
  canvas.addEventListener('pointerleave', () => gestures.leave());
  canvas.addEventListener('dblclick', (event) => gestures.zoom(0.4, placeOf(event).x));
  canvas.addEventListener(
    'wheel',
    (event) => {
      const sideways = event.shiftKey ? event.deltaX + event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) gestures.zoom(Math.exp(event.deltaY * zoomPerPixel), placeOf(event).x);
      else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) gestures.pan(sideways);
      // Other wheel movements scroll the page as usual.
      else return;
      event.preventDefault();
    },
    { passive: false },
  );
}
