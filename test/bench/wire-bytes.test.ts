import { expect } from 'chai';
import { sumSentBytes } from '../../bench/support/wire-bytes.js';

describe('sumSentBytes', () => {
  it('sums both directions of the connections with one of the ports at either end', () => {
    const output = [
      '0 0 127.0.0.1:4222 127.0.0.1:50001\t cubic wscale:7,7 rto:201 bytes_sent:100 bytes_acked:100 bytes_received:40 segs_out:9',
      '0 0 127.0.0.1:50001 127.0.0.1:4222\t cubic wscale:7,7 rto:201 bytes_sent:40 bytes_acked:40 bytes_received:100 segs_out:9',
      '0 0 [::ffff:127.0.0.1]:4222 [::ffff:127.0.0.1]:50002\t cubic rto:201 bytes_sent:5 segs_out:9',
      '0 0 127.0.0.1:50001 127.0.0.1:6000\t cubic rto:201 bytes_sent:7000',
      '0 0 127.0.0.1:50003 127.0.0.1:4222\t cubic rto:201',
      '',
    ];
    expect(sumSentBytes(output.join('\n'), new Set([4222]))).to.equal(145);
  });
});
