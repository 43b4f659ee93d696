import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import type { Gazetteer } from './gazetteer.js';
import { placesSearchReply } from './places-search.js';
import type { Reply } from './reply.js';
import { twitterSearchReply } from './twitter-search.js';

const replies = new Map([
  ['/search.json', twitterSearchReply],
  ['/maps/api/place/nearbysearch/json', placesSearchReply],
]);

/**
 * The sample service's side of HTTP.
 * @param gazetteer gives what to answer from; a request fails if it throws
 * @param onFailure gets each error that a request met and its client only hears of as HTTP 500
 */
export function sampleService(gazetteer: () => Gazetteer, onFailure: (error: Error) => void): RequestListener {
  return (request, response) => {
    let reply: Reply;
    try {
      reply = replyTo(request, gazetteer);
    } catch (error) {
      onFailure(error instanceof Error ? error : new Error(String(error)));
      reply = { status: 500, body: JSON.stringify({ error: 'The sample service failed.' }) };
    }
    send(response, reply);
  };
}

function replyTo({ method, url }: IncomingMessage, gazetteer: () => Gazetteer): Reply {
  const [path = '', query] = splitOnce(url ?? '', '?');
  const replyFor = replies.get(path);
  if (replyFor === undefined) return { status: 404, body: JSON.stringify({ error: 'Not found' }) };
  if (method !== 'GET') return { status: 405, body: JSON.stringify({ error: 'Only GET is allowed here.' }) };
  return replyFor(new URLSearchParams(query), gazetteer());
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, {
    'content-type': 'application/json;charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(status === 405 ? { allow: 'GET' } : {}),
  });
  response.end(body);
}

function splitOnce(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}
