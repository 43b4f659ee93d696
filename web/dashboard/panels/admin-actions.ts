import { requestJson, RequestRejectedError } from '../data/http.js';
import { element } from '../dom.js';
import { faultOf, type Herd, type Link, type Server } from '../data/herd.js';
import { token } from './token.js';

/** How long a button that breaks something for good waits for the second press, in milliseconds. */
const confirmTimeoutMs = 4_000;

/** How much later each line of a slowed link comes, in milliseconds. */
const delayMs = 500;

/** What can be done to a thing of the herd. */
interface AdminAction {
  readonly label: string;
  /** What is asked for: see `POST /api/admin`. */
  readonly action: Readonly<Record<string, unknown>>;
  /** What cannot be undone is asked twice: the word for it then. */
  readonly confirmLabel?: string;
}

function actionsFor(target: Link | Server): readonly AdminAction[] {
  if ('ends' in target) {
    const link = target.ends.map(({ server }) => server);
    const [cut, slow, heal] = [
      { label: 'Cut it', action: { action: 'cut', link } },
      { label: `Slow it by ${delayMs} ms`, action: { action: 'slow', link, delayMs } },
      { label: 'Heal it', action: { action: 'heal', link } },
    ];
    const actionsByFault = { none: [cut, slow], cut: [slow, heal], slow: [cut, heal] };
    return actionsByFault[faultOf(target).kind];
  }
  const { name: server } = target;
  return [
    {
      label: 'Crash it',
      action: { action: 'crash', server },
      confirmLabel: 'Crash it: its memory and clients are gone',
    },
    { label: 'Restart it', action: { action: 'restart', server } },
  ];
}

/** Chaos by hand: buttons that break a server or link, and mend it. None where the reader may not. */
export function adminButtons(herd: Herd, target: Link | Server, showStatus: (text: string) => void): HTMLDivElement {
  const buttons = element('div', { className: 'buttons' });
  if (herd.adminAccess === 'disabled') return buttons;
  if (herd.adminAccess === 'token-required') {
    const button = element('button', { type: 'button' }, 'Administer …');
    button.addEventListener('click', () => token.request('admin'));
    buttons.append(button);
    return buttons;
  }
  const perform = (adminAction: AdminAction): void => {
    showStatus(`${adminAction.label} …`);
    void requestAction(herd, target, adminAction).then(showStatus);
  };
  buttons.append(...actionsFor(target).map((adminAction) => actionButton(adminAction, () => perform(adminAction))));
  return buttons;
}

function actionButton({ label, confirmLabel }: AdminAction, onConfirm: () => void): HTMLButtonElement {
  const button = element('button', { type: 'button' }, label);
  let confirmTimer: ReturnType<typeof setTimeout> | undefined;
  const reset = (): void => {
    clearTimeout(confirmTimer);
    confirmTimer = undefined;
    button.textContent = label;
  };
  button.addEventListener('click', () => {
    if (confirmLabel === undefined || confirmTimer !== undefined) {
      reset();
      onConfirm();
      return;
    }
    button.textContent = confirmLabel;
    confirmTimer = setTimeout(reset, confirmTimeoutMs);
  });
  return button;
}

/**
 * Asks any server that is heard, those concerned last: one that crashes cannot answer. One that does not run in the process
 * concerned says so, and the next is asked. Tells what came of it.
 */
async function requestAction(herd: Herd, target: Link | Server, { label, action }: AdminAction): Promise<string> {
  const affectedServers = 'ends' in target ? target.ends.map(({ server }) => server) : [target.name];
  const connectedServers = herd.serverList.filter(({ reach, url }) => reach === 'connected' && url !== '');
  const order = connectedServers.toSorted(
    (a, b) => Number(affectedServers.includes(a.name)) - Number(affectedServers.includes(b.name)),
  );
  let failure = 'No server is heard that could be asked.';
  for (const { url, name } of order) {
    try {
      await requestJson(`${url}/api/admin`, action);
      return `${label}: done.`;
    } catch (error) {
      failure = `${name}: ${error instanceof Error ? error.message : String(error)}`;
      if (error instanceof RequestRejectedError && error.status !== 501) break;
    }
  }
  return failure;
}
