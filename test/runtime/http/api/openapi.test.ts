import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import type { FastifyInstance } from 'fastify';
import { herdResponse } from '../../../../src/runtime/http/api/herd-schemas.js';
import { HerdInProcess } from '../../../support/herd-in-process.js';

/** Routes that the document does not describe, and why. */
const undescribed: Readonly<Record<string, string>> = {
  'GET /openapi.json': 'it is the document',
  'GET /healthz': 'text for those who watch over processes',
  'GET /readyz': 'text for those who watch over processes',
  'GET /metrics': 'text of Prometheus',
  'GET /': 'the page',
  'GET /*': 'the files of the page',
  'PUT /': 'as POST, for phones that say it so',
  'PATCH /': 'as POST, for phones that say it so',
  'PUT /osmand': 'as POST, for phones that say it so',
  'PATCH /osmand': 'as POST, for phones that say it so',
  'OPTIONS /*': 'what browsers ask before they ask',
  'POST /api/admin': 'administration, which is no part of the API for clients',
};

describe('the OpenAPI document', () => {
  const routes = new Set<string>();
  let herd: HerdInProcess;

  const listen = (message: unknown): void => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) if (each !== 'HEAD') routes.add(`${each} ${url}`);
    });
  };

  before(async () => {
    subscribe('fastify.initialization', listen);
    herd = new HerdInProcess({ links: ['Blake-Bryant'], hasHttp: true });
    await herd.start();
  });

  after(async () => {
    unsubscribe('fastify.initialization', listen);
    await herd.stop();
  });

  it('describes every route of the API, and no other', async () => {
    const { paths } = (await (await fetch(herd.url('Blake', '/openapi.json'))).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect([...routes].sort()).to.deep.equal([...described, ...Object.keys(undescribed)].sort());
  });

  it('describes the response of /api/herd', async () => {
    const answer: unknown = await (await fetch(herd.url('Blake', '/api/herd'))).json();
    expect(herdResponse.parse(answer)).to.deep.equal(answer);
  });
});
