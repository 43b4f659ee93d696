import { isAlias, isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { ConfigError } from '../errors.js';
import type { ConfigSource } from './config-source.js';
import type { ValuePath } from './describe-issue.js';

const onlyVariable = /^\$\{\w+\}$/;
const multipleDocumentsMessage = 'a second document begins here (---); only one per file is allowed';
const wholeNumber = /^\d{1,15}$/;

/** Options for reading a YAML text. */
export interface ReadOptions {
  /** Paths to remove before environment variables are substituted. */
  readonly ignored?: readonly ValuePath[];
  /** Top-level settings whose environment variables may be unset. */
  readonly optional?: ReadonlySet<unknown>;
}

/** A YAML text that knows the line of each value. */
export class YamlSource implements ConfigSource {
  /** The document as plain data. */
  readonly value: unknown;
  readonly missing: string[] = [];
  private readonly lines = new LineCounter();
  private readonly document: Document;
  /** The values that are one variable of the environment and nothing else. */
  private readonly fromEnvironment = new Set<unknown>();

  /**
   * @throws ConfigError if the text is not valid YAML, or names a required environment variable that is not set
   */
  constructor(
    private readonly file: string,
    text: string,
    environment: Readonly<Record<string, string | undefined>>,
    { ignored = [], optional = new Set() }: ReadOptions = {},
  ) {
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    const syntax = this.document.errors.map(({ pos, code, message }) =>
      this.describeAtOffset(pos[0], code === 'MULTIPLE_DOCS' ? multipleDocumentsMessage : message),
    );
    for (const path of ignored) if (this.document.hasIn(path)) this.document.deleteIn(path);
    const missing =
      syntax.length > 0 ? [] : [...this.findUnknownAliases(), ...this.substituteVariables(environment, optional)];
    if (syntax.length + missing.length > 0) throw new ConfigError([...syntax, ...missing]);
    this.value = this.toPlainData();
  }

  /** Prefixes a problem with file and line of the value at the path, or of its closest ancestor. */
  describeAt(path: ValuePath, text: string): string {
    return this.describeAtOffset(this.findOffset(path), text);
  }

  /** Whether the value at the path is exactly one environment variable. */
  isFromEnvironment(path: ValuePath): boolean {
    const node: unknown = this.document.getIn(path, true);
    return this.fromEnvironment.has(isAlias(node) ? node.resolve(this.document) : node);
  }

  private toPlainData(): unknown {
    try {
      return this.document.toJS();
    } catch (error) {
      // The library's protection against aliases that expand without bound.
      if (!(error instanceof ReferenceError)) throw error;
      throw new ConfigError([`${this.file}: aliases (*name) expand to too much data`]);
    }
  }

  private findOffset(path: ValuePath): number {
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

  private describeAtOffset(offset: number, text: string): string {
    return `${this.file}:${this.lines.linePos(offset).line || 1}: ${text}`;
  }

  private findUnknownAliases(): string[] {
    const problems: string[] = [];
    visit(this.document, {
      Alias: (_, node) => {
        if (node.resolve(this.document) !== undefined) return;
        problems.push(
          this.describeAtOffset(
            node.range?.[0] ?? 0,
            `unknown alias *${node.source}: no anchor &${node.source} above it`,
          ),
        );
      },
    });
    return problems;
  }

  /** Substitutes `${NAME}` by environment variables; returns problems of required ones that are not set. */
  private substituteVariables(
    environment: Readonly<Record<string, string | undefined>>,
    optional: ReadonlySet<unknown>,
  ): string[] {
    const problems: string[] = [];
    visit(this.document, {
      Scalar: (_, node, [, , setting]) => {
        if (typeof node.value !== 'string') return;
        const text = node.value;
        if (onlyVariable.test(text)) this.fromEnvironment.add(node);
        const substituted = text.replace(/\$\{(\w+)\}/g, (placeholder, variable: string) => {
          const value = environment[variable];
          if (value === undefined) {
            const isOptional = isPair(setting) && isScalar(setting.key) && optional.has(setting.key.value);
            (isOptional ? this.missing : problems).push(
              this.describeAtOffset(node.range?.[0] ?? 0, `environment variable ${variable} is not set`),
            );
          }
          return value ?? placeholder;
        });
        // A plain variable with digits is a number, as if the digits were written here: a port, for example.
        const isNumber = node.type === 'PLAIN' && onlyVariable.test(text) && wholeNumber.test(substituted);
        node.value = isNumber ? Number(substituted) : substituted;
      },
    });
    return problems;
  }
}
