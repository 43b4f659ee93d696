import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import type { Gazetteer } from './gazetteer.js';
import { answerPlacesSearch } from './places-search.js';
import type { Reply } from './api.js';
import { answerTwitterSearch } from './twitter-search.js';

const handlers = new Map([
  ['/search.json', answerTwitterSearch],
  ['/maps/api/place/nearbysearch/json', answerPlacesSearch],
]);

/**
 * Creates the HTTP request listener of the sample service.
 * @param gazetteer returns the data to answer from; if it throws, the request fails
 * @param onFailure called with the error of each request that is answered with HTTP 500
 */
export function createRequestListener(gazetteer: () => Gazetteer, onFailure: (error: Error) => void): RequestListener {
  return (request, response) => {
    let reply: Reply;
    try {
      reply = route(request, gazetteer);
    } catch (error) {
      onFailure(error instanceof Error ? error : new Error(String(error)));
      reply = { status: 500, body: JSON.stringify({ error: 'The sample service failed.' }) };
    }
    sendReply(response, reply);
  };
}

function route({ method, url }: IncomingMessage, gazetteer: () => Gazetteer): Reply {
  const [path = '', query] = splitOnce(url ?? '', '?');
  const handler = handlers.get(path);
  if (handler === undefined) return { status: 404, body: JSON.stringify({ error: 'Not found' }) };
  if (method !== 'GET') return { status: 405, body: JSON.stringify({ error: 'Only GET is allowed here.' }) };
  return handler(new URLSearchParams(query), gazetteer());
}

function sendReply(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, {
    'content-type': 'application/json;charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(status === 405 ? { allow: 'GET' } : {}),
  });
  response.end(body);
}

function splitOnce(text: string, separator: string): readonly string[] {
  const index = text.indexOf(separator);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + separator.length)];
}
