import { isAlias, isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { ConfigError } from '../errors.js';
import type { ConfigSource, Path } from './config-source.js';

const onlyVariable = /^\$\{\w+\}$/;
/** The library's words are for programmers. */
const secondDocument = 'a second document begins here (---); there can be only one in a file';
const wholeNumber = /^\d{1,15}$/;

/** What of a text is not needed. */
export interface Leeway {
  /** What is taken for not being there: it is not read, and may name what is not set. */
  readonly leftOut?: readonly Path[];
  /** The settings at the top in which a variable may be named that is not set. */
  readonly mayLack?: ReadonlySet<unknown>;
}

/** A YAML text that can tell where each of its values stands. */
export class YamlSource implements ConfigSource {
  /** The document as plain data. */
  readonly value: unknown;
  readonly lacking: string[] = [];
  private readonly lines = new LineCounter();
  private readonly document: Document;
  /** The values that are one variable of the environment and nothing else. */
  private readonly fromEnvironment = new Set<unknown>();

  /**
   * @throws ConfigError if the text is no YAML, or names an environment variable that is not set and may not be lacking
   */
  constructor(
    private readonly file: string,
    text: string,
    environment: Readonly<Record<string, string | undefined>>,
    { leftOut = [], mayLack = new Set() }: Leeway = {},
  ) {
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    const syntax = this.document.errors.map(({ pos, code, message }) =>
      this.atOffset(pos[0], code === 'MULTIPLE_DOCS' ? secondDocument : message),
    );
    for (const path of leftOut) if (this.document.hasIn(path)) this.document.deleteIn(path);
    const missing = syntax.length > 0 ? [] : [...this.unknownAliases(), ...this.fillIn(environment, mayLack)];
    if (syntax.length + missing.length > 0) throw new ConfigError([...syntax, ...missing]);
    this.value = this.plainData();
  }

  /** A problem with the line on which the value at the path stands, or the nearest there is. */
  at(path: Path, text: string): string {
    return this.atOffset(this.offsetOf(path), text);
  }

  /** Whether all of the value at the path is one variable of the environment, and none of it stands in the file. */
  isFromEnvironment(path: Path): boolean {
    const node: unknown = this.document.getIn(path, true);
    return this.fromEnvironment.has(isAlias(node) ? node.resolve(this.document) : node);
  }

  private plainData(): unknown {
    try {
      return this.document.toJS();
    } catch (error) {
      // What the library says of aliases that refer to aliases, which would fill the memory.
      if (!(error instanceof ReferenceError)) throw error;
      throw new ConfigError([`${this.file}: aliases (*name) repeat too much of the file`]);
    }
  }

  private offsetOf(path: Path): number {
    for (let length = path.length; length > 0; length -= 1) {
      const parent: unknown = this.document.getIn(path.slice(0, length - 1), true);
      const key = path[length - 1];
      if (isMap(parent)) {
        const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
        if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
      }
      const node: unknown = this.document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return node.range[0];
    }
    return 0;
  }

  private atOffset(offset: number, text: string): string {
    return `${this.file}:${this.lines.linePos(offset).line || 1}: ${text}`;
  }

  private unknownAliases(): string[] {
    const problems: string[] = [];
    visit(this.document, {
      Alias: (_, node) => {
        if (node.resolve(this.document) !== undefined) return;
        problems.push(this.atOffset(node.range?.[0] ?? 0, `nothing above is named &${node.source}`));
      },
    });
    return problems;
  }

  /** Puts the environment's values in place of their names; returns what is not set and may not be lacking. */
  private fillIn(environment: Readonly<Record<string, string | undefined>>, mayLack: ReadonlySet<unknown>): string[] {
    const problems: string[] = [];
    visit(this.document, {
      Scalar: (_, node, [, , setting]) => {
        if (typeof node.value !== 'string') return;
        const text = node.value;
        if (onlyVariable.test(text)) this.fromEnvironment.add(node);
        const filled = text.replace(/\$\{(\w+)\}/g, (whole, variable: string) => {
          const value = environment[variable];
          if (value === undefined) {
            const isFine = isPair(setting) && isScalar(setting.key) && mayLack.has(setting.key.value);
            (isFine ? this.lacking : problems).push(
              this.atOffset(node.range?.[0] ?? 0, `the environment variable ${variable} is not set`),
            );
          }
          return value ?? whole;
        });
        // A number that stands for itself alone is one, as it would be if it stood here: a port, say.
        const isNumber = node.type === 'PLAIN' && onlyVariable.test(text) && wholeNumber.test(filled);
        node.value = isNumber ? Number(filled) : filled;
      },
    });
    return problems;
  }
}
