// Makes the page that servers serve, dist/web/page: its modules in one file, its HTML and CSS, and the outline of the world.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const here = new URL('./', import.meta.url);
const compiled = new URL('../../dist/web/dashboard/', import.meta.url);
const page = new URL('../../dist/web/page/', import.meta.url);

/** Steps of a whole turn: 0.02 of a degree, as fine as the outline is. */
const stepsPerTurn = 18_000;

/** The lines of a TopoJSON file, each as its first point and then steps, in whole steps of longitude and latitude. */
function linesOf({ arcs, transform: { scale, translate } }) {
  const whole = (value, axis) => Math.round(((value * scale[axis] + translate[axis]) * stepsPerTurn) / 360);
  return arcs.map((arc) => {
    let [x, y, lastX, lastY] = [0, 0, 0, 0];
    const steps = [];
    for (const [dx, dy] of arc) {
      [x, y] = [x + dx, y + dy];
      const [atX, atY] = [whole(x, 0), whole(y, 1)];
      if (steps.length === 0 || atX !== lastX || atY !== lastY) steps.push(atX - lastX, atY - lastY);
      [lastX, lastY] = [atX, atY];
    }
    return steps;
  });
}

/** The polygons of a geometry, each a list of rings; a ring names its lines in TopoJSON's way of counting. */
function polygonsOf(geometry) {
  if (geometry.type === 'GeometryCollection') return geometry.geometries.flatMap(polygonsOf);
  return geometry.type === 'Polygon' ? [geometry.arcs] : geometry.arcs;
}

const require = createRequire(import.meta.url);
const land = JSON.parse(readFileSync(require.resolve('world-atlas/land-50m.json'), 'utf8'));
const world = { stepsPerTurn, lines: linesOf(land), polygons: polygonsOf(land.objects.land) };

rmSync(page, { recursive: true, force: true });
mkdirSync(page, { recursive: true });
writeFileSync(new URL('world.json', page), JSON.stringify(world));
for (const name of ['index.html', 'page.css']) copyFileSync(new URL(name, here), new URL(name, page));

// A browser asks for each module by itself, which takes longer than all that they do until the page is of use.
await build({
  entryPoints: [fileURLToPath(new URL('main.js', compiled))],
  outdir: fileURLToPath(page),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2023',
  logLevel: 'warning',
});
