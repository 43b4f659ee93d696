import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What a page is made of, by the end of a file's name. Files of other kinds are not served. */
const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

/** A page is small: what is more than this, in files and in bytes, is no page, and would fill the memory. */
const maxFiles = 500;
const maxBytes = 32 * 1024 * 1024;

/** What a page may do: nothing from elsewhere, but that it talks with the other servers of the herd. */
function contentSecurityPolicy(servers: readonly string[]): string {
  return (
    `default-src 'self'; connect-src ${["'self'", ...servers].join(' ')}; img-src 'self' data: blob:; ` +
    "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
  );
}

/** A file as it is served. */
interface StaticFile {
  readonly body: Buffer;
  readonly gzipped: Buffer;
  readonly type: string;
  readonly etag: string;
}

/**
 * The files of the built page, read when the first of them is asked for, and kept. A path is looked up among those that
 * were found, and never reaches the file system.
 */
export class StaticFiles {
  private files: Promise<ReadonlyMap<string, StaticFile>> | undefined;

  /**
   * @param folders where files are; what is in an earlier one goes before what has the same name in a later one
   * @param connectSources the servers that a page may talk with, as sources of a policy, by the Host header that it was asked with
   */
  constructor(
    private readonly folders: readonly string[],
    private readonly connectSources: (hostHeader: string | undefined) => readonly string[],
  ) {}

  serve(app: FastifyInstance): void {
    // A program that anybody may have; what it shows, it must ask for.
    const publicRoute = { config: { policy: 'public' } } as const;
    app.get('/', publicRoute, (request, reply) => this.send('index.html', request, reply));
    app.get<{ Params: { '*': string } }>('/*', publicRoute, (request, reply) =>
      this.send(request.params['*'], request, reply),
    );
  }

  private async send(path: string, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    // A page that could not be read is read again when it is asked for again.
    this.files ??= readFiles(this.folders).catch((error: unknown) => {
      this.files = undefined;
      throw error;
    });
    const file = (await this.files).get(path);
    if (file === undefined) {
      reply.callNotFound();
      return reply;
    }
    void reply.headers({
      'content-type': file.type,
      'cache-control': 'no-cache',
      etag: file.etag,
      vary: 'accept-encoding',
      'content-security-policy': contentSecurityPolicy(this.connectSources(request.headers.host)),
    });
    if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(file.body);
    return reply.header('content-encoding', 'gzip').send(file.gzipped);
  }
}

async function readFiles(folders: readonly string[]): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  let bytes = 0;
  for (const folder of [...folders].reverse()) {
    for (const path of await listFiles(folder)) {
      const { size } = await stat(path);
      bytes += size;
      if (bytes > maxBytes || files.size >= maxFiles) throw new Error(`the page in ${folder} is too large`);
      const type = mediaTypes[extname(path)] ?? '';
      files.set(relative(folder, path).split(sep).join('/'), await buildStaticFile(await readFile(path), type));
    }
  }
  return files;
}

/** The files in a folder that are of a page; none where there is no such folder. Links to elsewhere are not followed. */
async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && mediaTypes[extname(entry.name)] !== undefined)
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function buildStaticFile(body: Buffer, type: string): Promise<StaticFile> {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { body, gzipped: await promisify(gzip)(body), type, etag };
}
