import { expect } from 'chai';
import { sentOver } from '../../bench/support/wire-bytes.js';

describe('the bytes on the wire', () => {
  it('are those of connections with a port at an end, both ways', () => {
    const printed = [
      '0 0 127.0.0.1:4222 127.0.0.1:50001\t cubic wscale:7,7 rto:201 bytes_sent:100 bytes_acked:100 bytes_received:40 segs_out:9',
      '0 0 127.0.0.1:50001 127.0.0.1:4222\t cubic wscale:7,7 rto:201 bytes_sent:40 bytes_acked:40 bytes_received:100 segs_out:9',
      '0 0 [::ffff:127.0.0.1]:4222 [::ffff:127.0.0.1]:50002\t cubic rto:201 bytes_sent:5 segs_out:9',
      '0 0 127.0.0.1:50001 127.0.0.1:6000\t cubic rto:201 bytes_sent:7000',
      '0 0 127.0.0.1:50003 127.0.0.1:4222\t cubic rto:201',
      '',
    ];
    expect(sentOver(printed.join('\n'), new Set([4222]))).to.equal(145);
  });
});
