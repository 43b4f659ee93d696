import { z } from 'zod';
import { serverIdPattern } from '../../protocol/place/ids.js';
import { defaultBufferBytes } from '../network/path.js';
import { isPosition } from '../../protocol/place/position.js';
import { natsSchema } from '../../runtime/config/replication-schema.js';
import { herdSchema } from '../../runtime/config/schema.js';
import { suggestOrList } from '../../runtime/config/error-map.js';
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
 * Schemas of scenario files. A step has one keyword that names its action, and possibly modifiers; `actionSchemas` lists the
 * keywords with their values.
 */

/** Maximum number of phones: each has a connection, and real environments run on one machine. */
const maxScenarioClients = 100_000;

/** Largest seed: the digits that --seed accepts and a double stores exactly. */
const maxSeed = 999_999_999_999_999;

const name = z.string({ error: 'must be a server name' }).regex(serverIdPattern, 'must be a server name');
function whole(max: number) {
  const isOne = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= max;
  const error = `must be an integer from 0 to ${max}`;
  return z.number({ error }).refine(isOne, error);
}

const client = z.string({ error: 'must be a client ID' }).regex(/^[^\s]+$/, 'must be a client ID without white space');

const serversText = 'must be a server, a list of servers, or all';

/** One server, several, or `all`. */
export const serversSchema = z.union([name, z.array(name).min(1, serversText)], { error: serversText });

/** Both directions of the link between two servers, or all links of one. */
export const edge = z.union([name, z.tuple([name, name])], {
  error:
    'must be two neighbours, such as [Blake, Howard], a server and a broker node, such as [Blake, broker], or one name for all its links',
});

const position = z
  .string({ error: 'must be a quoted position, such as "+34.068930-118.445127"' })
  .refine(isPosition, 'must be a quoted position, such as "+34.068930-118.445127"');

const herdServersText = 'must be a list of names, such as [Blake, Howard]';

const replication = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('flood') }),
  z.strictObject({
    kind: z.literal('nats'),
    replicas: natsSchema.shape.replicas.transform((replicas) => (replicas === 'all' ? Infinity : replicas)),
    brokers: z.union([z.literal(1), z.literal(3)], { error: 'must be 1 or 3' }).default(1),
  }),
]);

const herd = z.strictObject({
  servers: z.array(name, { error: herdServersText }).min(1, herdServersText),
  topology: z.record(name, z.array(name)).default({}),
  replication: replication.prefault({ kind: 'flood' }),
  limits: herdSchema.shape.limits,
  peers: herdSchema.shape.peers,
});

const network = z.strictObject({
  delay: delayRange.prefault('5ms..40ms'),
  loss: lossProbability.prefault('0%'),
  duplicate: probability.prefault('0%'),
  bandwidth: bandwidth.prefault('none'),
  buffers: size.prefault(`${defaultBufferBytes}B`),
});

const clients = z.strictObject({
  count: whole(maxScenarioClients).default(0),
  rate: rate.prefault('0/s'),
  clockSkew: duration.prefault('0s'),
  late: probability.prefault('0%'),
  queries: probability.prefault('0%'),
  moves: probability.prefault('1%'),
  checks: probability.prefault('0%'),
});

const nameText = 'a scenario needs a name: one line that describes it';

/** A scenario, except its steps. */
export const scenarioSchema = z.strictObject(
  {
    name: z.string({ error: nameText }).min(1, nameText),
    seed: whole(maxSeed).default(1),
    herd: z.union([z.string(), z.record(z.string(), z.unknown())], {
      error: 'must be the path of a herd.yaml, or servers and topology',
    }),
    network: network.prefault({}),
    clients: clients.prefault({}),
    settle: duration.prefault('15s'),
    steps: z
      .array(z.record(z.string(), z.unknown(), { error: 'must be a step, such as { at: 5s, crash: Blake }' }), {
        error: 'must be a list of steps, such as [{ at: 5s, crash: Blake }]',
      })
      .default([]),
  },
  { error: 'a scenario must be an object with a name, a herd and steps' },
);

/** A herd defined in the scenario. */
export const inlineHerdSchema = herd;

const groupsText = 'must be groups of servers, such as [[Blake, Howard], [Metta]]';

/** Per action keyword: its value and the allowed modifiers. */
export const actionSchemas = {
  crash: { value: serversSchema, modifiers: ['keep'] },
  restart: { value: serversSchema, modifiers: [] },
  pause: { value: serversSchema, modifiers: [] },
  resume: { value: serversSchema, modifiers: [] },
  join: { value: serversSchema, modifiers: [] },
  leave: { value: serversSchema, modifiers: [] },
  cut: { value: edge, modifiers: ['oneway'] },
  stall: { value: edge, modifiers: ['oneway'] },
  slow: {
    value: z.strictObject({
      edge,
      delay: delayRange.optional(),
      bandwidth: bandwidth.optional(),
      loss: lossProbability.optional(),
    }),
    modifiers: ['oneway'],
  },
  partition: {
    value: z.array(z.array(name, { error: groupsText }).min(1, groupsText), { error: groupsText }).min(2, groupsText),
    modifiers: [],
  },
  heal: {
    value: z.union([z.enum(['all', 'partition']), z.tuple([name, name])], {
      error: ({ input }) =>
        suggestOrList(
          input,
          ['all', 'partition'],
          'all, partition, two neighbours, such as [Blake, Howard], or a server and a broker node',
        ),
    }),
    modifiers: [],
  },
  clock: {
    value: z.strictObject({ server: name, jump: signedDuration.optional(), drift: driftRate.optional() }),
    modifiers: [],
  },
  phone: { value: z.strictObject({ client, clock: signedDuration }), modifiers: [] },
  upstream: {
    value: z.enum(['up', 'down', 'slow', 'garbage']),
    modifiers: [],
  },
  broker: {
    value: z.union([z.enum(['up', 'down']), z.strictObject({ down: name }), z.strictObject({ up: name })], {
      error: ({ input }) => suggestOrList(input, ['up', 'down'], 'up, down, { down: NODE } or { up: NODE }'),
    }),
    modifiers: [],
  },
  report: { value: z.strictObject({ server: name, client, position }), modifiers: [] },
  query: {
    value: z.strictObject({
      server: name,
      client,
      radius: z.number().min(0).default(10),
      count: whole(20).default(5),
    }),
    modifiers: [],
  },
  expect: {
    // The other forms of expectations are the word `converged` and `linkedSchema`.
    value: z.strictObject({
      server: name,
      client,
      position: z.union([z.literal('none'), position], { error: 'must be a quoted position, or none' }),
    }),
    modifiers: [],
  },
} as const;

/** Alternative value of `expect`: the server whose links must be live. */
export const linkedSchema = z.strictObject({ linked: name });

/** Keyword that names the action of a step. */
export type ActionKeyword = keyof typeof actionSchemas;

/** Modifiers of actions. */
export const modifierSchemas = {
  keep: z.literal('disk', {
    error: ({ input }) => suggestOrList(input, ['disk'], 'disk'),
  }),
  oneway: z.boolean({ error: 'must be true or false' }),
};

/** Time of a step. */
export const stepTimeSchema = duration;
