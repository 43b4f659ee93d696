import { z } from 'zod';
import { serverIdPattern } from '../../protocol/place/ids.js';
import { bucketName, natsSchema } from './replication-schema.js';

/** What herd.yaml may say of the bridge from this herd, whose servers flood, to others. */
export const bridgeSchema = natsSchema.omit({ kind: true, hold: true }).extend({
  by: z
    .array(z.string().regex(serverIdPattern, 'must be the name of a server'))
    .min(1)
    .describe('The servers of this herd that write to the bucket and watch it; the others hear of it over links.'),
  bucket: bucketName.describe('The bucket, by the same name in each of the herds. It is made if there is none.'),
});

/** What stands under `bridge`. */
export type BridgeDocument = z.infer<typeof bridgeSchema>;
