import type { TimelineData } from '../../src/simulation/report/timeline-data.js';
import { tellStory } from './step-list.js';
import { part, summarise } from './summary.js';
import { Timeline } from './timeline.js';

const data = JSON.parse(part('data', HTMLElement).textContent) as TimelineData;
summarise(data);
const timeline = new Timeline(data);
tellStory(data, part('story', HTMLElement), (atMs) => timeline.goTo(atMs));

const buttons: readonly (readonly [name: string, does: () => void])[] = [
  ['Zoom in', () => timeline.zoom('in')],
  ['Zoom out', () => timeline.zoom('out')],
  ['Whole run', () => timeline.showAll()],
];
for (const [name, does] of buttons) addButton(name, does);
if (data.result.violations.length > 0) addButton('First violation', () => timeline.goToViolation()).className = 'alarm';

function addButton(name: string, does: () => void): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = name;
  button.addEventListener('click', does);
  part('buttons', HTMLElement).append(button);
  return button;
}
