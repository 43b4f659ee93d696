import { z } from 'zod';
import { serverIdPattern } from '../../protocol/place/ids.js';
import { natsSchema } from './replication-schema.js';

const nameRequired = 'is required: bridged herds are those with the same name of their bridge';

/** Schema of `bridge` in herd.yaml: shares locations of a herd that floods with other herds. */
export const bridgeSchema = natsSchema.omit({ kind: true, replicas: true }).extend({
  via: z
    .array(z.string().regex(serverIdPattern, 'must be the name of a server'))
    .min(1)
    .describe('Servers of this herd that connect to NATS. The others receive the locations over links.'),
  name: z
    .string({ error: ({ input }) => (input === undefined ? nameRequired : undefined) })
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a name of letters, digits, - and _, at most 64 characters')
    .describe('Name of the bridge, the same in each bridged herd.'),
});

/** `bridge` of a herd.yaml. */
export type BridgeDocument = z.infer<typeof bridgeSchema>;
