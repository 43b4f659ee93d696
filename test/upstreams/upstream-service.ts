import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a service of ours is asked. */
export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What it answers. */
export interface ServiceReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A service of ours in the place of a real one: it answers as it is documented to, unless a test takes its place. */
export class UpstreamService {
  readonly requests: ServiceRequest[] = [];
  /** Answers in the service's place, to the last byte. */
  override: ((response: ServerResponse, request: IncomingMessage) => void) | undefined;
  private readonly server: Server;

  constructor(private readonly reply: (request: ServiceRequest) => ServiceReply) {
    this.server = createServer((request, response) => void this.handle(request, response));
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    const serviceRequest: ServiceRequest = {
      method: request.method ?? '',
      path: pathname,
      query: searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.requests.push(serviceRequest);
    if (this.override !== undefined) {
      this.override(response, request);
      return;
    }
    const { status, headers, body } = this.reply(serviceRequest);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  }
}
