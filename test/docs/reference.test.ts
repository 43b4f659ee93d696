import { expect } from 'chai';
import { generatedPages, readPage, renderPage } from './reference-pages.js';

describe('generated reference pages', function () {
  this.timeout(60_000);

  for (const page of generatedPages) {
    it(`${page.path} agrees with the code (otherwise: npm run docs)`, async () => {
      expect(readPage(page)).to.equal(await renderPage(page));
    });
  }
});
