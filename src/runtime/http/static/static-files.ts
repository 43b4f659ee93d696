import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Media types by file extension. Other files are not served. */
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

/** Maximum files and bytes, as all files are held in memory. */
const maxFiles = 500;
const maxBytes = 32 * 1024 * 1024;

/** Builds a policy that allows nothing from other origins, except connections to the servers of the herd. */
function contentSecurityPolicy(servers: readonly string[]): string {
  return (
    `default-src 'self'; connect-src ${["'self'", ...servers].join(' ')}; img-src 'self' data: blob:; ` +
    "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
  );
}

interface StaticFile {
  readonly body: Buffer;
  readonly gzipped: Buffer;
  readonly type: string;
  readonly etag: string;
}

/**
 * Serves the files of the built dashboard. They are read at the first request and held in memory. A requested path is looked up
 * among them and never reaches the file system.
 */
export class StaticFiles {
  private files: Promise<ReadonlyMap<string, StaticFile>> | undefined;

  /**
   * @param folders folders of files; an earlier one takes precedence
   * @param connectSources returns the servers that a page may connect to, as sources of a policy, for a Host header
   */
  constructor(
    private readonly folders: readonly string[],
    private readonly connectSources: (hostHeader: string | undefined) => readonly string[],
  ) {}

  serve(app: FastifyInstance): void {
    // The files are public. The data that the page shows is not.
    const publicRoute = { config: { policy: 'public' } } as const;
    app.get('/', publicRoute, (request, reply) => this.send('index.html', request, reply));
    app.get<{ Params: { '*': string } }>('/*', publicRoute, (request, reply) =>
      this.send(request.params['*'], request, reply),
    );
  }

  private async send(path: string, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    // After an error, the next request reads again.
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
      if (bytes > maxBytes || files.size >= maxFiles) throw new Error(`the files in ${folder} are too large`);
      const type = mediaTypes[extname(path)] ?? '';
      files.set(relative(folder, path).split(sep).join('/'), await buildStaticFile(await readFile(path), type));
    }
  }
  return files;
}

/** Lists the files in a folder that have a media type; none if the folder does not exist. Links are not followed. */
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
