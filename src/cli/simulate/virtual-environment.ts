import type { Scenario } from '../../simulation/scenario/scenario.js';
import { VirtualEnvironment } from '../../simulation/virtual/virtual-environment.js';
import type { SimulationListener } from '../../simulation/environment.js';
import { twitterSearch } from '../../upstreams/twitter.js';

/** Where the upstream of a simulation would be: nobody is asked there. */
const upstream = twitterSearch('http://upstream.simulated');

/** The virtual world of a scenario, with the upstream that herds have as a rule. */
export function createVirtualEnvironment(scenario: Scenario, tell: SimulationListener): VirtualEnvironment {
  return new VirtualEnvironment(scenario, upstream, tell);
}
