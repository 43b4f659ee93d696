import type { HerdConfig } from '../runtime/config/herd-config.js';
import { startSampleUpstream, type SampleUpstream } from '../upstreams/sample/sample-upstream.js';

/** Starts the sample service if the config's upstream is `sample`; else returns undefined. */
export async function startSampleIfUsed(
  { upstream }: HerdConfig,
  warn: (text: string) => void,
): Promise<SampleUpstream | undefined> {
  if (upstream.kind !== 'sample') return undefined;
  return startSampleUpstream({ onFailure: ({ message }) => warn(`sample upstream failed: ${message}`) });
}
