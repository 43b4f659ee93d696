import { expect } from 'chai';
import { OutputBudget } from '../../../src/actors/client/output-budget.js';

describe('OutputBudget', () => {
  const holders = (budget: OutputBudget, ...names: string[]) => {
    const dropped: string[] = [];
    const accounts = names.map((name) => budget.open({ drop: () => dropped.push(name) }, '192.0.2.1'));
    return { dropped, accounts };
  };

  it('drops no holder within the limit', () => {
    const budget = new OutputBudget(100);
    const { dropped, accounts } = holders(budget, 'a', 'b');
    accounts[0]?.set(60);
    accounts[1]?.set(40);
    expect(dropped).to.deep.equal([]);
    expect(budget.bytes).to.equal(100);
  });

  it('drops the holders with the most bytes first, until the rest is within the limit', () => {
    const budget = new OutputBudget(100);
    const { dropped, accounts } = holders(budget, 'small', 'large', 'medium');
    accounts[0]?.set(10);
    accounts[1]?.set(80);
    accounts[2]?.set(20);
    expect(dropped).to.deep.equal(['large']);
    expect(budget.bytes).to.equal(30);
  });

  it('drops holders of the host with the most bytes in total, even if other holders have more', () => {
    const budget = new OutputBudget(1_000);
    const dropped: string[] = [];
    const open = (name: string, address: string) => budget.open({ drop: () => dropped.push(name) }, address);
    const one = open('honest', '192.0.2.2');
    one.set(300);
    const many = Array.from({ length: 10 }, (_, index) => open(`slow ${index}`, '192.0.2.1'));
    for (const [index, account] of many.entries()) account.set(100 + index);
    expect(dropped).to.deep.equal(['slow 6', 'slow 7', 'slow 8', 'slow 9']);
    for (const account of many) account.close();
    one.set(1_000);
    expect(dropped).to.have.lengthOf(4);
    expect(budget.bytes).to.equal(1_000);
  });

  it('counts a holder by its last figure, and not at all when it is closed', () => {
    const budget = new OutputBudget(100);
    const { dropped, accounts } = holders(budget, 'a', 'b');
    accounts[0]?.set(90);
    accounts[0]?.set(10);
    accounts[1]?.set(90);
    accounts[1]?.close();
    accounts[0]?.set(100);
    expect(dropped).to.deep.equal([]);
    expect(budget.bytes).to.equal(100);
  });

  it('stays cheap when the bound is passed again and again with many holders', function () {
    this.timeout(10_000);
    const count = 50_000;
    const budget = new OutputBudget(count * 1_000);
    let dropped = 0;
    const accounts = Array.from({ length: count }, () => budget.open({ drop: () => (dropped += 1) }, '192.0.2.1'));
    for (const account of accounts) account.set(1_000);
    const startMs = performance.now();
    for (let round = 0; round < 10_000; round += 1) accounts[round]?.set(1_001);
    // To sort all accounts each time takes minutes.
    expect(performance.now() - startMs).to.be.below(5_000);
    expect(dropped).to.be.greaterThan(0);
    expect(budget.bytes).to.be.at.most(count * 1_000);
  });

  it('drops a holder with at least half as many bytes as the largest, however many there are', () => {
    const budget = new OutputBudget(1_000_000);
    const { accounts: small } = holders(budget, ...Array.from({ length: 5_000 }, (_, index) => `small ${index}`));
    for (const account of small) account.set(100);
    const { dropped, accounts } = holders(budget, 'large');
    accounts[0]?.set(900_000);
    expect(dropped).to.deep.equal(['large']);
    expect(budget.bytes).to.equal(500_000);
  });
});
