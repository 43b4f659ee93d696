import { WordBuffer } from '/tmp/h/wq/s3/dist/src/protocol/text/word-buffer.js';
const src = new WordBuffer(65536), dst = new WordBuffer(262144);
src.write('x'.repeat(65000), 0);
function a(source, start, end, target, targetStart) {
  let position = start;
  for (let at = targetStart; position < end; position += 4, at += 4) {
    const word = source.getInt32(position, true);
    target.setInt32(at, word, true);
    if (((word - 0x20202020) | (word + 0x01010101)) & 0x80808080) break;
  }
  return position;
}
function b(source, start, end, target, targetStart) {
  let position = start;
  for (let at = targetStart; position < end; position += 8, at += 8) {
    const word = source.getInt32(position, true);
    const next = source.getInt32(position + 4, true);
    target.setInt32(at, word, true);
    target.setInt32(at + 4, next, true);
    if (((word - 0x20202020) | (word + 0x01010101) | (next - 0x20202020) | (next + 0x01010101)) & 0x80808080) break;
  }
  return position;
}
function c(source, start, end) {
  let position = start;
  for (; position < end; position += 8) {
    const word = source.getInt32(position, true);
    const next = source.getInt32(position + 4, true);
    if (((word - 0x20202020) | (word + 0x01010101) | (next - 0x20202020) | (next + 0x01010101)) & 0x80808080) break;
  }
  return position;
}
function fle(view, start, end) {
  for (let index = start; index < end; index += 4) {
    const word = view.getInt32(index, true) ^ 0x0a0a0a0a;
    if (((word - 0x01010101) & ~word & 0x80808080) === 0) continue;
    return index;
  }
  return -1;
}
const N = 100000;
for (let r = 0; r < 3; r++) {
  const t = (name, f) => { const s = performance.now(); let x = 0; for (let i = 0; i < N; i++) x += f(i); console.log(name, ((performance.now() - s) / N * 1000).toFixed(3), 'us'); };
  t('a', (i) => a(src.view, (i * 7) % 4096, (i * 7) % 4096 + 1536, dst.view, (i * 13) % 8192));
  t('b', (i) => b(src.view, (i * 7) % 4096, (i * 7) % 4096 + 1536, dst.view, (i * 13) % 8192));
  t('c+copy', (i) => { const s = (i * 7) % 4096; const e = c(src.view, s, s + 1536); src.bytes.copy(dst.bytes, (i * 13) % 8192, s, s + 1536); return e; });
  t('c', (i) => { const s = (i * 7) % 4096; return c(src.view, s, s + 1536); });
  t('fle 2600', (i) => { const s = (i * 7) % 4096; return fle(src.view, s, s + 2600); });
  src.bytes[9000]=10;
  t('indexOf 9000', (i) => { const s = (i * 7) % 4096; return src.bytes.indexOf(10, s); });
  src.bytes[9000]=120;
}
