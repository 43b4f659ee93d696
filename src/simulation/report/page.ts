import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { packageFolder } from '../../runtime/host/package-folder.js';
import type { TimelineData } from './timeline-data.js';

// Source files are read from the package folder.
const sourceFolder = new URL('web/timeline/', packageFolder);
const compiledFolder = new URL('dist/web/timeline/', packageFolder);

/**
 * Renders a timeline as one self-contained page. Its content security policy allows only its own script, so client names cannot
 * inject code.
 */
export function renderTimelinePage(data: TimelineData): string {
  const style = readFileSync(new URL('page.css', sourceFolder), 'utf8');
  const script = bundleModules(readPageModules());
  const policy = `default-src 'none'; img-src data:; style-src '${cspHash(style)}'; script-src '${cspHash(script)}'`;
  const parts: Readonly<Record<string, string>> = {
    title: `${data.result.verdict}: ${data.result.name}`.replace(
      /[&<>]/g,
      (character) => `&#${character.charCodeAt(0)};`,
    ),
    policy: `<meta http-equiv="Content-Security-Policy" content="${policy}" />`,
    style: `<style>${style}</style>`,
    data: `<script type="application/json" id="data">${toHtmlSafeJson(data)}</script>`,
    script: `<script>${script}</script>`,
  };
  const page = readFileSync(new URL('page.html', sourceFolder), 'utf8');
  return page.replace(/<!-- (\w+) -->/g, (whole, name: string) => parts[name] ?? whole);
}

/** Formats JSON that is safe inside HTML: it cannot end the element, and is pure ASCII. */
export function toHtmlSafeJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (item === undefined ? null : item)).replace(
    /[<>&\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Reads the page's modules, with the names under which they import each other. */
function readPageModules(): [name: string, text: string][] {
  const names = readdirSync(compiledFolder).filter((name) => name.endsWith('.js'));
  return names.sort().map((name) => [`./${name}`, readFileSync(new URL(name, compiledFolder), 'utf8')]);
}

/** Bundles CommonJS modules into one script that runs the module `main`. A page loaded from disk cannot import other files. */
function bundleModules(modules: readonly (readonly [name: string, text: string])[]): string {
  const functions = modules.map(([name, text]) => `${JSON.stringify(name)}(exports, require) {\n${text}\n}`);
  return `(() => {
const modules = {
${functions.join(',\n')}
};
const loaded = {};
const require = (name) => {
  if (!(name in loaded)) modules[name]((loaded[name] = {}), require);
  return loaded[name];
};
require('./main.js');
})();`;
}

function cspHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
