import { expect } from 'chai';
import { OutputBudget } from '../../src/actors/output-budget.js';

describe('OutputBudget', () => {
  const holders = (budget: OutputBudget, ...names: string[]) => {
    const dropped: string[] = [];
    const accounts = names.map((name) => budget.open({ drop: () => dropped.push(name) }));
    return { dropped, accounts };
  };

  it('drops nobody within the bound', () => {
    const budget = new OutputBudget(100);
    const { dropped, accounts } = holders(budget, 'a', 'b');
    accounts[0]?.set(60);
    accounts[1]?.set(40);
    expect(dropped).to.deep.equal([]);
    expect(budget.bytes).to.equal(100);
  });

  it('drops the holders with the most bytes first, until the rest is within the bound', () => {
    const budget = new OutputBudget(100);
    const { dropped, accounts } = holders(budget, 'small', 'large', 'medium');
    accounts[0]?.set(10);
    accounts[1]?.set(80);
    accounts[2]?.set(20);
    expect(dropped).to.deep.equal(['large']);
    expect(budget.bytes).to.equal(30);
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
});
