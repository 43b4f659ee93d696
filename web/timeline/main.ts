import type { TimelineData } from '../../src/simulation/report/timeline-data.js';
import { renderStepList } from './step-list.js';
import { byId, renderSummary } from './summary.js';
import { Timeline } from './timeline.js';

const data = JSON.parse(byId('data', HTMLElement).textContent) as TimelineData;
renderSummary(data);
const timeline = new Timeline(data);
renderStepList(data, byId('steps', HTMLElement), (atMs) => timeline.goTo(atMs));

const buttons: readonly (readonly [name: string, does: () => void])[] = [
  ['Zoom in', () => timeline.zoom('in')],
  ['Zoom out', () => timeline.zoom('out')],
  ['Whole run', () => timeline.showAll()],
];
for (const [name, action] of buttons) addButton(name, action);
if (data.result.violations.length > 0) addButton('First violation', () => timeline.goToViolation()).className = 'alarm';

function addButton(name: string, action: () => void): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = name;
  button.addEventListener('click', action);
  byId('buttons', HTMLElement).append(button);
  return button;
}
