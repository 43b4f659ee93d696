import { expect } from 'chai';
import fc from 'fast-check';

import { bytesOf, fieldsOf, flatCopy, textOf } from '../../../src/protocol/text/bytes.js';
import {
  allBytes,
  byteStrings,
  clientIds,
  invalidUtf8,
  notWhiteSpace,
  separators,
  whiteSpaceBytes,
} from '../../support/arbitraries.js';

describe('fieldsOf', () => {
  it('[FR8] treats six bytes as white space, and none of the other 250', () => {
    const separating = allBytes.filter((byte) => fieldsOf(`a${byte}b`).length === 2);
    expect(separating).to.have.members([...whiteSpaceBytes]);
  });

  it('[FR8] does not separate at white space of other encodings', () => {
    for (const bytes of notWhiteSpace) {
      expect(fieldsOf(`${bytes} a${bytes}b ${bytes}`)).to.deep.equal([bytes, `a${bytes}b`, bytes]);
    }
  });

  it('[FR9] separates fields by any white space, and ignores it at both ends', () => {
    fc.assert(
      fc.property(fc.array(clientIds), separators, separators, (fields, separator, edge) => {
        expect(fieldsOf(fields.join(separator))).to.deep.equal(fields);
        expect(fieldsOf(`${edge}${fields.join(separator)}${edge}`)).to.deep.equal(fields);
      }),
    );
    expect(fieldsOf('\t IAMAT \v kiwi')).to.deep.equal(['IAMAT', 'kiwi']);
    expect(fieldsOf(whiteSpaceBytes.join(''))).to.deep.equal([]);
    expect(fieldsOf('')).to.deep.equal([]);
  });

  it('[FR10] loses no byte but white space', () => {
    fc.assert(
      fc.property(byteStrings(), (line) => {
        const rest = Array.from(line)
          .filter((byte) => !whiteSpaceBytes.includes(byte))
          .join('');
        expect(fieldsOf(line).join('')).to.equal(rest);
      }),
    );
  });
});

describe('byte strings', () => {
  it('[FR1] hold any bytes', () => {
    for (const bytes of [...invalidUtf8, ...notWhiteSpace, allBytes.join('')]) expect(flatCopy(bytes)).to.equal(bytes);
  });

  it('convert to text and back', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => textOf(bytesOf(text)) === text));
    expect(bytesOf('é')).to.equal('\xC3\xA9');
  });

  it('convert to text even if they are not UTF-8', () => {
    for (const bytes of invalidUtf8) expect(textOf(bytes)).to.match(/^\uFFFD+$/);
  });
});
