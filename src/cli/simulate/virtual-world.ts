import type { Scenario } from '../../simulation/scenario/scenario.js';
import { VirtualWorld } from '../../simulation/virtual/virtual-environment.js';
import type { WorldListener } from '../../simulation/environment.js';
import { twitterSearch } from '../../upstreams/twitter.js';

/** Where the upstream of a simulation would be: nobody is asked there. */
const upstream = twitterSearch('http://upstream.simulated');

/** The virtual world of a scenario, with the upstream that herds have as a rule. */
export function virtualWorld(scenario: Scenario, tell: WorldListener): VirtualWorld {
  return new VirtualWorld(scenario, upstream, tell);
}
