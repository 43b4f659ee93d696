import type { ByteString } from '../../protocol/text/bytes.js';
import type { SimulationEvent } from '../environment.js';
import type { Invariant, Violation } from './invariant.js';

/** Each command gets one response that fits it, in order. */
export class ResponsesInOrder implements Invariant {
  readonly name = 'responses-in-order';
  readonly observedKinds = ['response-received'] as const;

  onEvent(event: SimulationEvent): Violation | undefined {
    if (event.kind !== 'response-received') return undefined;
    const { client, server, command, lines } = event;
    const [first = ''] = lines;
    if (command === undefined)
      return { server, text: `${server} sent ${client} a response without a command: ${first}` };
    if (isResponseTo(command, lines)) return undefined;
    return { server, text: `${server} answered ${client}'s ${command} with ${lines.join(' / ')}` };
  }
}

/** Whether lines are a valid response to a command. `? ` and a copy of the command is always valid. */
function isResponseTo(command: ByteString, [first = '', second]: readonly ByteString[]): boolean {
  if (isAcceptance(command, first)) return true;
  if (first === `? ${command}`) return true;
  const [word, client, position, time] = command.split(' ');
  const [at, , , atClient, atPosition, atTime] = first.split(' ');
  if (at !== 'AT' || atClient !== client) return false;
  if (word === 'IAMAT') return atPosition === position && atTime === time;
  return word === 'WHATSAT' && second?.startsWith('{') === true;
}

/** Whether an AT line repeats the fields of a report that is written with single spaces, as nearly all are. */
function isAcceptance(command: ByteString, line: ByteString): boolean {
  if (!command.startsWith('IAMAT ') || !line.startsWith('AT ')) return false;
  const fieldsStart = line.indexOf(' ', line.indexOf(' ', 3) + 1);
  return fieldsStart === line.length - command.length + 5 && line.endsWith(command.slice(5));
}
