// Builds the dashboard into dist/web/page: its modules in one file, its HTML and CSS, and the outline of the world.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const here = new URL('./', import.meta.url);
const compiled = new URL('../../dist/web/dashboard/', import.meta.url);
const page = new URL('../../dist/web/page/', import.meta.url);

/** Integer steps per 360 degrees: 0.02 of a degree each, the resolution of the outline. */
const stepsPerTurn = 18_000;

/** Converts the arcs of a TopoJSON file to lists of integer deltas (longitude, latitude); the first pair is the start point. */
function encodeLines({ arcs, transform: { scale, translate } }) {
  const toSteps = (value, axis) => Math.round(((value * scale[axis] + translate[axis]) * stepsPerTurn) / 360);
  return arcs.map((arc) => {
    let [x, y, lastX, lastY] = [0, 0, 0, 0];
    const steps = [];
    for (const [dx, dy] of arc) {
      [x, y] = [x + dx, y + dy];
      const [stepX, stepY] = [toSteps(x, 0), toSteps(y, 1)];
      if (steps.length === 0 || stepX !== lastX || stepY !== lastY) steps.push(stepX - lastX, stepY - lastY);
      [lastX, lastY] = [stepX, stepY];
    }
    return steps;
  });
}

/** Polygons of a geometry, each a list of rings; a ring lists TopoJSON arc indices (negative: reversed). */
function polygonsOf(geometry) {
  if (geometry.type === 'GeometryCollection') return geometry.geometries.flatMap(polygonsOf);
  return geometry.type === 'Polygon' ? [geometry.arcs] : geometry.arcs;
}

const require = createRequire(import.meta.url);
const land = JSON.parse(readFileSync(require.resolve('world-atlas/land-50m.json'), 'utf8'));
const world = { stepsPerTurn, lines: encodeLines(land), polygons: polygonsOf(land.objects.land) };

rmSync(page, { recursive: true, force: true });
mkdirSync(page, { recursive: true });
writeFileSync(new URL('world.json', page), JSON.stringify(world));
for (const name of ['index.html', 'page.css']) copyFileSync(new URL(name, here), new URL(name, page));

// One request per module would take longer than everything else until the page is usable.
await build({
  entryPoints: [fileURLToPath(new URL('main.js', compiled))],
  outdir: fileURLToPath(page),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2023',
  logLevel: 'warning',
});
