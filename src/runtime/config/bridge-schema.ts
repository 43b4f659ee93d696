import { z } from 'zod';
import { serverIdPattern } from '../../protocol/place/ids.js';
import { bucketName, natsSchema } from './replication-schema.js';

/** Schema of `bridge` in herd.yaml: shares locations of a herd that floods with other herds. */
export const bridgeSchema = natsSchema.omit({ kind: true, hold: true }).extend({
  via: z
    .array(z.string().regex(serverIdPattern, 'must be the name of a server'))
    .min(1)
    .describe('Servers of this herd that connect to the bucket. The others receive its locations over links.'),
  bucket: bucketName.describe('Bucket name, the same in each bridged herd. Created if missing.'),
});

/** `bridge` of a herd.yaml. */
export type BridgeDocument = z.infer<typeof bridgeSchema>;
