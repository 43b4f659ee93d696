import { startSampleUpstream, type SampleUpstream } from '../../upstreams/sample/sample-upstream.js';
import { warn } from '../shared/output.js';

/** Starts the embedded sample service. */
export function startSample(): Promise<SampleUpstream> {
  return startSampleUpstream({ onFailure: (error) => warn(`the sample upstream failed: ${error.message}`) });
}
