import { herdJsonSchema } from '../../runtime/config/schema.js';
import { print } from '../shared/output.js';

/** `herd schema`: prints the JSON Schema of herd.yaml. */
export function schema(): void {
  print(JSON.stringify(herdJsonSchema(), undefined, 2));
}
