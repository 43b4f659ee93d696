import { expect } from 'chai';

import type { ByteString } from '../../src/protocol/text/bytes.js';
import type { NearbyQuery, Upstream } from '../../src/protocol/upstream/upstream.js';

interface Post {
  id_str: string;
  text: string;
  from_user: string;
  from_user_name: string;
  created_at: string;
  source: string;
  geo: { type: string; coordinates: [latitude: number, longitude: number] };
}

export interface Search {
  results: Post[];
  results_per_page: number;
  page: number;
  next_page?: string;
  warning?: string;
  max_id_str: string;
}

export interface Nearby {
  status: string;
  html_attributions: string[];
  results: { name: string; place_id: string; geometry: { location: { lat: number; lng: number } } }[];
  error_message?: string;
}

/** Asks the sample service over HTTP, with or without an `FaultyUpstream` between. */
export class SampleClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async get(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`${this.#url}${path}`);
    expect(response.headers.get('content-type')).to.equal('application/json;charset=utf-8');
    return { status: response.status, body: await response.text() };
  }

  async search(parameters: Record<string, string>): Promise<Search> {
    const { status, body } = await this.get(`/search.json?${new URLSearchParams(parameters).toString()}`);
    expect(status).to.equal(200);
    return JSON.parse(body) as Search;
  }

  async nearby(parameters: Record<string, string>): Promise<Nearby> {
    const query = new URLSearchParams(parameters).toString();
    const { status, body } = await this.get(`/maps/api/place/nearbysearch/json?${query}`);
    expect(status).to.equal(200);
    return JSON.parse(body) as Nearby;
  }

  async queryThrough(upstreamOf: (baseUrl: string) => Upstream, question: NearbyQuery): Promise<ByteString> {
    const upstream = upstreamOf(this.#url);
    const { method, url, headers } = upstream.request(question);
    const response = await fetch(url, { method, headers });
    return upstream.answer({ status: response.status, body: Buffer.from(await response.arrayBuffer()) }, question);
  }
}
