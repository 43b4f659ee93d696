import { expect } from 'chai';
import { Turn } from '../../../src/runtime/time/turn.js';
import { eventually } from '../../support/eventually.js';

const turnEnds = () => new Promise((resolve) => setImmediate(resolve));

describe('Turn', () => {
  let failures: unknown[];
  let turn: Turn;
  let done: string[];
  const noting = (what: string, then: () => void = () => undefined) => ({
    flush: () => {
      done.push(what);
      then();
    },
  });

  beforeEach(() => {
    failures = [];
    done = [];
    turn = new Turn((error) => failures.push(error));
  });

  it('[IA7] delivers between servers until nothing is left, then writes to links, then to clients', async () => {
    turn.clients.schedule(noting('client'));
    turn.links.schedule(noting('link'));
    turn.deliveries.schedule(
      noting('first hop', () => {
        turn.links.schedule(noting('another link'));
        turn.deliveries.schedule(noting('second hop', () => turn.clients.schedule(noting('another client'))));
      }),
    );
    expect(done, 'nothing within the turn').to.deep.equal([]);
    await turnEnds();
    expect(done).to.deep.equal(['first hop', 'second hop', 'link', 'another link', 'client', 'another client']);
  });

  it('[IA7] handles commands of clients after lines of links, even if the system reports them first', async () => {
    turn.commands.schedule(noting('question', () => turn.clients.schedule(noting('answer'))));
    done.push('lines of a link');
    turn.deliveries.schedule(noting('delivery'));
    await turnEnds();
    expect(done).to.deep.equal(['lines of a link', 'delivery', 'question', 'answer']);
  });

  it('[IA7] defers work caused by writes to clients to the next turn, after the links', async () => {
    turn.clients.schedule(
      noting('client', () => {
        turn.clients.schedule(noting('next client'));
        turn.links.schedule(noting('next link'));
      }),
    );
    await eventually('all is done', () => done.length === 3);
    expect(done).to.deep.equal(['client', 'next link', 'next client']);
  });

  it('coalesces writes of a dense stream to links and flushes them before a write to a client', async () => {
    turn.links.schedule(noting('first'));
    await turnEnds();
    turn.links.schedule(noting('second'));
    await turnEnds();
    turn.links.schedule(noting('third'));
    await turnEnds();
    expect(done).to.deep.equal(['first']);
    turn.clients.schedule(noting('client'));
    await turnEnds();
    expect(done).to.deep.equal(['first', 'second', 'third', 'client']);
    turn.links.schedule(noting('fourth'));
    await eventually('it is written by itself', () => done.length === 5);
  });

  it('limits the rounds of deliveries per turn', async () => {
    let isStopped = false;
    const again = () => {
      if (!isStopped) turn.deliveries.schedule({ flush: again });
    };
    again();
    turn.clients.schedule(noting('client'));
    await turnEnds();
    isStopped = true;
    expect(done).to.deep.equal(['client']);
  });

  it('continues after a flush that throws and reports each error', async () => {
    const broken = (what: string) =>
      noting(what, () => {
        throw new Error(what);
      });
    for (const phase of [turn.commands, turn.deliveries, turn.links, turn.clients]) {
      phase.schedule(broken('broken'));
      phase.schedule(noting('sound'));
    }
    await turnEnds();
    expect(done).to.deep.equal(Array.from({ length: 4 }, () => ['broken', 'sound']).flat());
    expect(failures).to.have.lengthOf(4);
    turn.clients.schedule(noting('later'));
    await turnEnds();
    expect(done.at(-1)).to.equal('later');
  });
});
