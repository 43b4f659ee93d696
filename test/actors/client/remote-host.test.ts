import { expect } from 'chai';
import { remoteHostOf } from '../../../src/actors/client/remote-host.js';

describe('remoteHostOf', () => {
  it('is an IPv4 address without its port, also where it is mapped into IPv6', () => {
    expect(remoteHostOf('192.0.2.1:40000')).to.equal('192.0.2.1');
    expect(remoteHostOf('[::ffff:192.0.2.1]:40000')).to.equal('192.0.2.1');
  });

  it('is the /64 network of an IPv6 address, however it is written', () => {
    for (const host of ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::', '2001:db8:1:2::9']) {
      expect(remoteHostOf(`[${host}]:40000`), host).to.equal('2001:db8:1:2::/64');
    }
    expect(remoteHostOf('[2001:db8::1]:1')).to.equal('2001:db8:0:0::/64');
    expect(remoteHostOf('[::1]:1')).to.equal('0:0:0:0::/64');
  });

  it('keeps the names of simulated hosts', () => {
    expect(remoteHostOf('phone:7')).to.equal('phone');
  });
});
