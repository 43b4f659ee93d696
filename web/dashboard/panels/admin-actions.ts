import { requestJson, RequestRejectedError } from '../data/http.js';
import { element } from '../dom.js';
import { faultOf, type Herd, type Link, type Server } from '../data/herd.js';
import { token } from '../data/token.js';

/** Time to confirm an action that cannot be undone, in milliseconds. */
const confirmTimeoutMs = 4_000;

/** Delay per line on a slowed link, in milliseconds. */
const delayMs = 500;

/** Admin action on a server or link. */
interface AdminAction {
  readonly label: string;
  /** Body of `POST /api/admin`. */
  readonly action: Readonly<Record<string, unknown>>;
  /** Label of the second press, for actions that cannot be undone. */
  readonly confirmLabel?: string;
}

function actionsFor(target: Link | Server): readonly AdminAction[] {
  if ('ends' in target) {
    const link = target.ends.map(({ server }) => server);
    const [cut, slow, heal] = [
      { label: 'Cut', action: { action: 'cut', link } },
      { label: `Slow by ${delayMs} ms`, action: { action: 'slow', link, delayMs } },
      { label: 'Heal', action: { action: 'heal', link } },
    ];
    const actionsByFault = { none: [cut, slow], cut: [slow, heal], slow: [cut, heal] };
    return actionsByFault[faultOf(target).kind];
  }
  const { name: server } = target;
  return [
    {
      label: 'Crash',
      action: { action: 'crash', server },
      confirmLabel: 'Confirm crash (loses memory and connections)',
    },
    { label: 'Restart', action: { action: 'restart', server } },
  ];
}

/** Buttons for the admin actions on a server or link; none if admin actions are disabled. */
export function adminButtons(herd: Herd, target: Link | Server, showStatus: (text: string) => void): HTMLDivElement {
  const buttons = element('div', { className: 'buttons' });
  if (herd.adminAccess === 'disabled') return buttons;
  if (herd.adminAccess === 'token-required') {
    const button = element('button', { type: 'button' }, 'Unlock admin actions …');
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
 * Sends an action to the connected servers in turn until one accepts it, the affected ones last: a crashing server cannot respond.
 * A server of another process than the affected one answers 501.
 * @returns the outcome, for display
 */
async function requestAction(herd: Herd, target: Link | Server, { label, action }: AdminAction): Promise<string> {
  const affectedServers = 'ends' in target ? target.ends.map(({ server }) => server) : [target.name];
  const connectedServers = herd.serverList.filter(({ reach, url }) => reach === 'connected' && url !== '');
  const order = connectedServers.toSorted(
    (a, b) => Number(affectedServers.includes(a.name)) - Number(affectedServers.includes(b.name)),
  );
  let failure = 'No server is reachable.';
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
