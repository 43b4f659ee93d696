import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

import { expect } from 'chai';
import ts from 'typescript';

// Compiled, this file stands in dist/test.
const project = new URL('../../', import.meta.url);

/** What the files of one folder of src may reach. */
interface Layer {
  /** Folders of src that they may import from. */
  readonly folders: readonly string[];
  /** Packages, and modules of Node, that they may import. */
  readonly packages: readonly string[] | 'any';
  /** Globals that they may not touch. */
  readonly banned: readonly string[];
}

/** The process belongs to the command; the rest is told what it needs, and tells what happens. */
const theProcess = ['process', 'console'];
/** What would make a run differ from the next: a simulation replaces it, so nothing may reach past what it is handed. */
const timeAndChance = [
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'crypto',
  'Math.random',
];

const layers: Readonly<Record<string, Layer>> = {
  protocol: { folders: ['protocol'], packages: [], banned: [...theProcess, ...timeAndChance] },
  actors: { folders: ['actors', 'protocol'], packages: ['xstate'], banned: [...theProcess, ...timeAndChance] },
  upstreams: { folders: ['upstreams', 'protocol'], packages: 'any', banned: theProcess },
  runtime: { folders: ['runtime', 'actors', 'protocol'], packages: 'any', banned: theProcess },
  client: { folders: ['client', 'actors', 'protocol'], packages: 'any', banned: theProcess },
  library: {
    folders: ['library', 'client', 'runtime', 'actors', 'upstreams', 'protocol'],
    packages: 'any',
    banned: theProcess,
  },
  simulation: { folders: ['simulation', 'runtime', 'actors', 'protocol'], packages: 'any', banned: theProcess },
  cli: {
    folders: ['cli', 'library', 'client', 'simulation', 'runtime', 'actors', 'upstreams', 'protocol'],
    packages: 'any',
    banned: [],
  },
};

/** A file of src: its path from there, and everything in it. */
interface SourceFile {
  readonly path: string;
  readonly nodes: readonly ts.Node[];
}

interface Import {
  /** A path from src, or the name of a package. */
  readonly target: string;
  readonly from: 'src' | 'package';
}

function sourceFile(path: string, text: string): SourceFile {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return { path, nodes };
}

/** The module that a node imports, for values or for types; undefined if it imports none. */
function moduleOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return node.arguments[0] ?? node;
  return undefined;
}

function importsOf(file: SourceFile): Import[] {
  return file.nodes.flatMap((node): Import[] => {
    const module = moduleOf(node);
    if (module === undefined) return [];
    if (!ts.isStringLiteralLike(module)) return [{ target: `(computed) ${module.getText()}`, from: 'package' }];
    if (!module.text.startsWith('.')) return [{ target: module.text, from: 'package' }];
    const target = posix.join(posix.dirname(file.path), module.text).replace(/\.js$/, '.ts');
    return [{ target, from: 'src' }];
  });
}

/** Names that stand for a value, not for a member of one. `globalThis.process` is the global all the same. */
function namesUsedIn(file: SourceFile): Set<string> {
  const names = file.nodes.filter(ts.isIdentifier).filter((name) => !isMemberName(name));
  const members = file.nodes.filter(ts.isPropertyAccessExpression).map((access) => access.getText());
  return new Set([...names.map(({ text }) => text), ...members]);
}

function isMemberName(name: ts.Identifier): boolean {
  const { parent } = name;
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.name === name && parent.expression.getText() !== 'globalThis';
  }
  return (
    (ts.isTypeElement(parent) || ts.isClassElement(parent) || ts.isPropertyAssignment(parent)) && parent.name === name
  );
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? '';
}

/** What a file does that its layer may not. */
function trespassesOf(file: SourceFile): string[] {
  const layer = file.path.includes('/') ? layers[folderOf(file.path)] : undefined;
  if (layer === undefined) return [`${file.path} belongs to no layer`];
  const imported = importsOf(file).filter(({ from, target }) => {
    if (from === 'src') return !layer.folders.includes(folderOf(target));
    if (layer.banned.includes(target.replace(/^node:/, ''))) return true;
    return layer.packages !== 'any' && !layer.packages.includes(target);
  });
  const names = namesUsedIn(file);
  const touched = layer.banned.filter((name) => names.has(name));
  return [
    ...imported.map(({ target }) => `${file.path} imports ${target}`),
    ...touched.map((name) => `${file.path} touches ${name}`),
  ];
}

/** The first path found from a file back to itself over imports, of values or types; empty if there is none. */
function cycleIn(files: readonly SourceFile[]): string[] {
  const graph = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter(({ from }) => from === 'src')
        .map(({ target }) => target),
    ]),
  );
  const done = new Set<string>();
  const follow = (path: string, way: readonly string[]): string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const target of graph.get(path) ?? []) {
      const cycle = follow(target, [...way, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const path of graph.keys()) {
    const cycle = follow(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

describe('the layers', () => {
  const source = new URL('src/', project);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((path) => sourceFile(path, readFileSync(new URL(path, source), 'utf8')));

  it('import in one direction, and leave the process to the command', () => {
    expect(files).to.have.length.above(50);
    expect(files.flatMap(trespassesOf)).to.deep.equal([]);
  });

  it('have no import that goes in a circle', () => {
    expect(cycleIn(files).join(' -> ')).to.equal('');
  });
});

describe('the test of the layers', () => {
  it('sees what a layer may not do', () => {
    const trespasses: readonly (readonly [path: string, text: string])[] = [
      ['protocol/a.ts', "import { a } from '../actors/a.js';"],
      ['protocol/a.ts', "import type { A } from '../actors/a.js';"],
      ['protocol/a.ts', "export { a } from '../actors/a.js';"],
      ['protocol/a.ts', "type A = import('../actors/a.js').A;"],
      ['protocol/a.ts', "import { join } from 'node:path';"],
      ['protocol/a.ts', "import { setup } from 'xstate';"],
      ['protocol/a.ts', 'export const now = Date.now();'],
      ['actors/a.ts', "import { a } from '../runtime/a.js';"],
      ['actors/a.ts', "import got from 'got';"],
      ['actors/a.ts', "import '../../test/a.js';"],
      ['actors/a.ts', 'setTimeout(a, 1);'],
      ['actors/a.ts', 'export const chance = Math.random() + Math.max(1, 2);'],
      ['upstreams/sample/a.ts', "import { a } from '../../runtime/a.js';"],
      ['upstreams/sample/a.ts', 'process.exit(1);'],
      ['runtime/log/a.ts', "import { a } from '../../cli/a.js';"],
      ['runtime/a.ts', "await import('../upstreams/a.js');"],
      ['runtime/a.ts', "import { env } from 'node:process';"],
      ['runtime/a.ts', 'const { env } = process;'],
      ['runtime/a.ts', 'globalThis.process.exit();'],
      ['runtime/a.ts', "console.log('a');"],
      ['simulation/a.ts', "import { a } from '../upstreams/a.js';"],
      ['client/a.ts', "import { a } from '../runtime/a.js';"],
      ['library/a.ts', "import { a } from '../cli/a.js';"],
      ['library/a.ts', "process.on('SIGINT', a);"],
      ['client/a.ts', "import { a } from '../library/a.js';"],
      ['elsewhere/a.ts', ''],
      ['a.ts', ''],
    ];
    for (const [path, text] of trespasses) expect(trespassesOf(sourceFile(path, text)), text).to.have.length(1);
  });

  it('lets pass what a layer may do', () => {
    const fine: readonly (readonly [path: string, text: string])[] = [
      ['protocol/a.ts', "import { a } from './b.js'; export const process1 = a.process;"],
      ['actors/a.ts', "import { setup } from 'xstate'; import { a } from '../protocol/a.js'; a.setTimeout(1);"],
      ['actors/a.ts', 'interface Clock { setTimeout(): void; readonly Date: number }'],
      ['upstreams/sample/a.ts', "import { Worker } from 'node:worker_threads'; import '../../protocol/a.js';"],
      ['runtime/log/a.ts', "import { a } from '../../actors/a.js'; import winston from 'winston'; Date.now();"],
      [
        'cli/a.ts',
        "import { a } from '../client/a.js'; import { b } from '../upstreams/a.js'; import { env } from 'node:process'; console.log(process);",
      ],
    ];
    for (const [path, text] of fine) expect(trespassesOf(sourceFile(path, text)), text).to.deep.equal([]);
  });

  it('sees import circles, of values and of types', () => {
    const a = sourceFile('actors/a.ts', "import { b } from './b.js';");
    const c = sourceFile('actors/c.ts', "await import('./a.js');");
    const circle = ['actors/a.ts', 'actors/b.ts', 'actors/c.ts', 'actors/a.ts'];
    for (const text of [
      "import { c } from './c.js';",
      "import type { C } from './c.js';",
      "export type * from './c.js';",
    ]) {
      expect(cycleIn([a, sourceFile('actors/b.ts', text), c]), text).to.deep.equal(circle);
    }
    expect(cycleIn([a, sourceFile('actors/b.ts', ''), c])).to.deep.equal([]);
    expect(cycleIn([sourceFile('cli/a.ts', "import './a.js';")])).to.deep.equal(['cli/a.ts', 'cli/a.ts']);
  });
});
