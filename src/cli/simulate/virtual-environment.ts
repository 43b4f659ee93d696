import type { Scenario } from '../../simulation/scenario/scenario.js';
import { VirtualEnvironment } from '../../simulation/virtual/virtual-environment.js';
import type { SimulationListener } from '../../simulation/environment.js';
import { twitterSearch } from '../../upstreams/twitter.js';

/** Upstream of simulations; its URL is never requested. */
const upstream = twitterSearch('http://upstream.simulated');

/** Creates the virtual environment of a scenario, with the default upstream. */
export function createVirtualEnvironment(scenario: Scenario, emit: SimulationListener): VirtualEnvironment {
  return new VirtualEnvironment(scenario, upstream, emit);
}
