// Puts beside the compiled page what is not compiled: its HTML and CSS, and the outline of the world.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { URL } from 'node:url';

const here = new URL('./', import.meta.url);
const built = new URL('../../dist/web/window/', import.meta.url);

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

mkdirSync(built, { recursive: true });
writeFileSync(new URL('world.json', built), JSON.stringify(world));
copyFileSync(new URL('page.css', here), new URL('page.css', built));

// All modules are asked for at once: else each would be found only when the one that imports it has come.
const modules = readdirSync(built).filter((name) => name.endsWith('.js'));
const preloads = modules.map((name) => `<link rel="modulepreload" href="${name}" />`).join('');
const page = readFileSync(new URL('index.html', here), 'utf8');
writeFileSync(new URL('index.html', built), page.replace('</head>', `${preloads}</head>`));
