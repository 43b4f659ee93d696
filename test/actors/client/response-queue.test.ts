import { expect } from 'chai';
import fc from 'fast-check';
import { ResponseQueue, type PendingResponse } from '../../../src/actors/client/response-queue.js';

describe('[CO1] ResponseQueue', () => {
  it('writes a complete response at once, and holds it back behind an incomplete one', () => {
    const sent: string[] = [];
    const queue = new ResponseQueue((text) => sent.push(text));
    queue.add('one');
    const slow = queue.reserve();
    queue.add('three');
    expect(sent).to.deep.equal(['one']);
    expect(queue.length).to.equal(2);
    queue.complete(slow, 'two');
    expect(sent).to.deep.equal(['one', 'two', 'three']);
    expect(queue.length).to.equal(0);
  });

  it('writes every response once and in the order of the commands, in whatever order they complete', () => {
    const step = fc.oneof(fc.constant('add' as const), fc.constant('reserve' as const), fc.record({ fill: fc.nat() }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const sent: string[] = [];
        const queue = new ResponseQueue((text) => sent.push(text));
        const pending: { answer: PendingResponse; text: string }[] = [];
        let commands = 0;
        const fillAt = (index: number) => {
          const [filled] = pending.splice(index, 1);
          if (filled !== undefined) queue.complete(filled.answer, filled.text);
        };
        for (const step of steps) {
          if (step === 'add') queue.add(String(commands++));
          else if (step === 'reserve') pending.push({ answer: queue.reserve(), text: String(commands++) });
          else if (pending.length > 0) fillAt(step.fill % pending.length);
          expect(sent.length + queue.length).to.equal(commands);
        }
        while (pending.length > 0) fillAt(pending.length - 1);
        expect(sent).to.deep.equal(Array.from({ length: commands }, (_, index) => String(index)));
      }),
    );
  });

  it('counts the bytes of complete responses in the queue', () => {
    const queue = new ResponseQueue(() => undefined);
    const [first, second] = [queue.reserve(), queue.reserve()];
    expect(queue.bytes).to.equal(0);
    queue.complete(second, '12345', '678');
    queue.add('90');
    expect(queue.bytes).to.equal(10);
    queue.complete(first, 'first');
    expect(queue.bytes).to.equal(0);
  });
});
