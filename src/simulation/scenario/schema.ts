import { z } from 'zod';
import { serverIdPattern } from '../../protocol/ids.js';
import { defaultBufferBytes } from '../network/path.js';
import { isPosition } from '../../protocol/position.js';
import { herdSchema } from '../../runtime/config/schema.js';
import {
  bandwidth,
  delayRange,
  driftRate,
  duration,
  lossProbability,
  probability,
  rate,
  signedDuration,
  size,
} from './units.js';

/*
 * The words of a scenario. A step has one word that says what happens, and what belongs to it; which words there are, and
 * what may stand behind each, is the table `actions`.
 */

const name = z.string({ error: 'must be a name of a server' }).regex(serverIdPattern, 'must be a name of a server');
const client = z
  .string({ error: 'must be the name of a client' })
  .regex(/^[^\s]+$/, 'must be the name of a client, without white space');

/** One server, some of them, or `all`. */
export const servers = z.union([name, z.array(name).min(1)], { error: 'must be a server, a list of servers, or all' });

/** Both ways between two servers that talk, or all ways of one. */
export const edge = z.union([name, z.tuple([name, name])], {
  error:
    'must be two servers that talk, as in [Blake, Howard], a server and the engine, as in [Blake, engine], or one of them, for all its ways',
});

const position = z
  .string({ error: 'must be a position in quotes, as in "+34.068930-118.445127"' })
  .refine(isPosition, 'must be a position in quotes, as in "+34.068930-118.445127"');

const herd = z.strictObject({
  servers: z.array(name).min(1),
  talks: z.record(name, z.array(name)).default({}),
  spread: z
    .strictObject({ kind: z.enum(['flood', 'nats'], { error: 'must be flood or nats' }) })
    .prefault({ kind: 'flood' }),
  limits: herdSchema.shape.limits,
  links: herdSchema.shape.links,
});

const network = z.strictObject({
  delay: delayRange.prefault('5ms..40ms'),
  loss: lossProbability.prefault('0%'),
  duplicate: probability.prefault('0%'),
  bandwidth: bandwidth.prefault('none'),
  buffers: size.prefault(`${defaultBufferBytes}B`),
});

const clients = z.strictObject({
  count: z.int('must be a whole number').min(0).max(100_000).default(0),
  rate: rate.prefault('0/s'),
  clockSkew: duration.prefault('0s'),
  late: probability.prefault('0%'),
  asks: probability.prefault('0%'),
  moves: probability.prefault('1%'),
});

/** A scenario but for what its steps say. */
export const scenarioSchema = z.strictObject({
  name: z.string({ error: 'a scenario has a name: one line that tells its story' }).min(1),
  seed: z.int('must be a whole number').min(0).default(1),
  herd: z.union([z.string(), z.record(z.string(), z.unknown())], {
    error: 'must be the path of a herd.yaml, or servers and talks',
  }),
  network: network.prefault({}),
  clients: clients.prefault({}),
  settle: duration.prefault('15s'),
  steps: z.array(z.record(z.string(), z.unknown())).default([]),
});

/** A herd that stands in the scenario. */
export const inlineHerdSchema = herd;

/** The word of each action: what stands behind it, and which words may stand beside it. */
export const actions = {
  crash: { value: servers, beside: ['keep'] },
  restart: { value: servers, beside: [] },
  pause: { value: servers, beside: [] },
  resume: { value: servers, beside: [] },
  cut: { value: edge, beside: ['oneway'] },
  stall: { value: edge, beside: ['oneway'] },
  slow: {
    value: z.strictObject({
      edge,
      delay: delayRange.optional(),
      bandwidth: bandwidth.optional(),
      loss: lossProbability.optional(),
    }),
    beside: ['oneway'],
  },
  partition: {
    value: z
      .array(z.array(name).min(1), { error: 'must be groups of servers, as in [[Blake, Howard], [Metta]]' })
      .min(2),
    beside: [],
  },
  heal: {
    value: z.union([z.enum(['all', 'partition']), z.tuple([name, name])], {
      error: 'must be all, partition, two servers that talk, as in [Blake, Howard], or a server and the engine',
    }),
    beside: [],
  },
  clock: {
    value: z.strictObject({ server: name, jump: signedDuration.optional(), drift: driftRate.optional() }),
    beside: [],
  },
  upstream: {
    value: z.enum(['up', 'down', 'slow', 'garbage'], { error: 'must be up, down, slow or garbage' }),
    beside: [],
  },
  engine: {
    value: z.enum(['up', 'down', 'full', 'stale', 'wiped'], { error: 'must be up, down, full, stale or wiped' }),
    beside: [],
  },
  report: { value: z.strictObject({ server: name, client, position }), beside: [] },
  ask: {
    value: z.strictObject({
      server: name,
      client,
      radius: z.number().min(0).default(10),
      count: z.int().min(0).max(20).default(5),
    }),
    beside: [],
  },
  expect: {
    value: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('converged') }),
      z.strictObject({
        kind: z.literal('position'),
        server: name,
        client,
        position: z.union([z.literal('none'), position], { error: 'must be a position in quotes, or none' }),
      }),
    ]),
    beside: [],
  },
} as const;

/** The word that says what a step does. */
export type ActionWord = keyof typeof actions;

/** What may stand beside an action. */
export const besides = {
  keep: z.literal('disk', { error: 'must be disk; without it the memory is gone' }),
  oneway: z.boolean({ error: 'must be true or false' }),
};

/** When a step happens. */
export const at = duration;
