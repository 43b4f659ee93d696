import { once } from 'node:events';
import { expect } from 'chai';
import { bytesOf, type ByteString } from '../../src/protocol/text/bytes.js';
import type { Client } from '../support/client.js';
import { defaultTimeoutMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';
import { floodReplication, natsReplication } from '../support/replications.js';
import { greatCircleKm } from '../upstreams/great-circle.js';

const everest = { latitude: 27.5916, longitude: 86.564 };
const place = '+27.5916+086.5640';
const time = '1353118103.108893381';

interface Search {
  results: { text: string; from_user: string; id_str: string; geo: { coordinates: [number, number] } }[];
  refresh_url: string;
  error?: string;
}

/** As many results as there can be, of a wide circle: the slowest question there is. */
const heavy = (client: ByteString) => `WHATSAT ${client} 2500 100\n`;

const clientIds: [string, ByteString][] = [
  ['a no-break space', bytesOf('kiwi\u00a0jr')],
  ['a bare A0, which is a no-break space in latin1', 'kiwi\xa0'],
  ['a next line', bytesOf('\u0085kiwi')],
  ['a bare 85', '\x85'],
  ['a line separator', bytesOf('ki\u2028wi')],
  ['a byte order mark in front', bytesOf('\ufeffkiwi')],
  ['an ideographic space', bytesOf('ki\u3000wi')],
  ['an emoji', bytesOf('📱👩‍👩‍👧')],
  ['an é of one code point', bytesOf('caf\u00e9')],
  ['an é of two code points', bytesOf('cafe\u0301')],
  ['bytes that are no UTF-8', '\xff\xfe\x80\xc3('],
  ['half of a surrogate pair in UTF-8', '\xed\xa0\xbd'],
  ['NUL and other control characters', '\0\x01\x1b\x7f'],
  ['a slash and two dots', '../../kiwi'],
  ['the word __proto__', '__proto__'],
  ['a quote and a backslash', '"\\u0000"'],
];

const invalidLines: [string, ByteString][] = [
  ['with white space of its own', ' \tHELLO  there\v\f '],
  ['of every byte but LF', allBytesButLf()],
  ['of bytes that are no UTF-8', '\xff\xfe \x80 \xc3'],
  ['with NUL', 'IAMAT\0kiwi +1+1 1'],
  ['that is empty', ''],
  ['of white space only', ' \t \v\f '],
  ['in small letters', `iamat kiwi ${place} ${time}`],
  ['with a no-break space for a space', bytesOf(`IAMAT\u00a0kiwi ${place} ${time}`)],
  ['with a byte order mark in front', bytesOf(`\ufeffIAMAT kiwi ${place} ${time}`)],
  ['with a field too few', `IAMAT kiwi ${place}`],
  ['with a field too many', `IAMAT kiwi ${place} ${time} again`],
  ['that is an AT of servers', `AT Bryant +0.563873386 stranger ${place} ${time} Bryant`],
  ['that is an AT of clients', `AT Bryant +0.563873386 stranger ${place} ${time}`],
  ['that is a hello', 'HELLO 3 twitter Bryant Blake'],
  ['that ends a catch-up', 'CAUGHT-UP'],
  ['that asks for a client that nobody knows', 'WHATSAT  stranger\t10 5'],
];

for (const [mode, spread] of [
  ['one process', floodReplication],
  ['processes', floodReplication],
  ['processes', natsReplication],
] as const) {
  spread.describe(`the protocol of clients over TCP, ${mode}${spread.title}`, function () {
    this.timeout(3 * defaultTimeoutMs);
    let herd: Herd;
    let client: Client;

    before(async () => {
      herd = await startHerd({ mode, upstreamFormat: 'twitter', ...(await spread.start()) });
    });
    after(() => herd.stop());
    after(spread.stop);

    beforeEach(async () => {
      client = await herd.connect('Blake');
    });
    afterEach(() => client.close());

    /** What a server answers to a line. */
    const answerTo = async (line: ByteString, server = 'Blake') =>
      (await herd.sendAll(server, `${line}\n`)).slice(0, -1);

    describe('IAMAT', () => {
      it('[IA1][IA2][IA3] is answered by AT, the server, the skew and a copy', async () => {
        for (const server of herd.servers) {
          const answer = await answerTo(`IAMAT kiwi.cs.ucla.edu ${place} ${time}`, server);
          expect(answer).to.match(
            /^AT \w+ \+\d+\.\d{9} kiwi\.cs\.ucla\.edu \+27\.5916\+086\.5640 1353118103\.108893381$/,
          );
          expect(answer).to.satisfy((at: string) => at.startsWith(`AT ${server} +`));
        }
      });

      it('[TM7] is invalid if its time is more than a day ahead, and takes no later report with it', async () => {
        const daysAhead = Math.floor(Date.now() / 1000) + 2 * 86_400;
        for (const ownTime of [daysAhead, '999999999999999.999999999']) {
          const command = `IAMAT early ${place} ${ownTime}`;
          expect(await client.request(command)).to.equal(`? ${command}`);
        }
        expect(await client.request('WHATSAT early 1 1')).to.equal('? WHATSAT early 1 1');
        expect(await client.request(`IAMAT early ${place} ${time}`)).to.match(/^AT /);
      });

      it('[TM4][TM6] has the receipt time less its own as skew, signed, with nine decimals', async () => {
        const hourAhead = Math.floor(Date.now() / 1000) + 3_600;
        for (const ownTime of ['0', '1353118103.108893381', '1.5', `${hourAhead}`, `${hourAhead}.999999999`]) {
          const sentAt = Date.now() / 1000;
          const [, , skew = ''] = (await client.request(`IAMAT skewed ${place} ${ownTime}`)).split(' ');
          expect(skew).to.match(Number(ownTime) < sentAt ? /^\+(0|[1-9]\d*)\.\d{9}$/ : /^-(0|[1-9]\d*)\.\d{9}$/);
          expect(Number(skew) + Number(ownTime)).to.be.within(sentAt - 0.5, Date.now() / 1000 + 0.5);
        }
        const answers = await client.sendAll(`IAMAT fine ${place} 0\n`.repeat(3));
        expect(answers).to.match(/\.\d{3}(?!000000)\d{6} /);
      });

      it('[PO1][PO2][IA2] takes positions in decimal degrees, and echoes them as they came', async () => {
        for (const position of [
          '+34.068930-118.445127',
          '-7+8',
          '+7.0+008',
          '+90-180',
          '-90.000+180.0',
          '-0-0',
          '+0+0',
        ]) {
          expect(await client.request(`IAMAT here ${position} 1`)).to.satisfy((at: string) =>
            at.endsWith(` here ${position} 1`),
          );
        }
      });

      it('[PO1][PO2][PO3][IA5] takes no other positions', async () => {
        for (const position of [
          '34.068930-118.445127',
          '+34.068930',
          '+34.068930 -118.445127',
          '+90.00000000000000000001+0',
          '+91+0',
          '+0+181',
          '+0-180.1',
          '+034+118',
          '+34.+118',
          '+.5+118',
          '+3404.1-11826.7',
          '+27.5916+086.5640/',
          '+27.5916+086.5640+8850',
          '+1e1+2',
          '+NaN+NaN',
          bytesOf('+3\u0664+1'),
        ]) {
          const line = `IAMAT here ${position} 1`;
          expect(await client.request(line)).to.equal(`? ${line}`);
        }
      });

      it('[TM1][TM3][IA2][IA5] takes seconds with or without a fraction, and nothing else', async () => {
        for (const moment of ['0', '007', '1.50', '1.5000000001', '1353118103.108893381', '999999999999999']) {
          expect(await client.request(`IAMAT then ${place} ${moment}`)).to.match(
            new RegExp(` ${moment.replace('.', '\\.')}$`),
          );
        }
        for (const moment of [
          '-1',
          '+1',
          '1e9',
          '1.',
          '.5',
          '1,5',
          '0x10',
          '1000000000000000',
          'Infinity',
          'NaN',
          'now',
        ]) {
          const line = `IAMAT then ${place} ${moment}`;
          expect(await client.request(line)).to.equal(`? ${line}`);
        }
      });

      for (const [what, id] of clientIds) {
        it(`[CM4][FR1][FR10] takes ${what} for a client ID, and the whole herd gives it back to the byte`, async () => {
          const at = await herd.report('Blake', id);
          expect(at.split(' ')[3]).to.equal(id);
          await herd.waitForAgreement([at]);
        });
      }

      it('[CM4] keeps IDs apart that differ in one byte', async () => {
        const ids = ['twin', 'Twin', 'twi', 'twinn', bytesOf('tw\u00edn'), bytesOf('twi\u0301n')];
        const ats = [];
        for (const [index, id] of ids.entries()) ats.push(await herd.report('Blake', id, String(index + 1)));
        await herd.waitForAgreement(ats);
      });
    });

    describe('which report wins', () => {
      it('[IA4][LO1][LO4] an older one is answered and changes nothing', async () => {
        const newer = await herd.report('Metta', 'elder', '200.5');
        await herd.waitForAgreement([newer]);
        const answer = await client.request('IAMAT elder +1+1 200.499999999');
        expect(answer).to.match(/^AT Blake \+\d+\.\d{9} elder \+1\+1 200\.499999999$/);
        // Whatever the older one led to is over once a report behind it is known everywhere.
        await herd.waitForAgreement([await client.request('IAMAT behind-elder +1+1 1'), newer]);
      });

      it('[TM2][LO1] one that is a nanosecond newer does, wherever it was reported', async () => {
        // The newer ones are Blake's: were the times taken for the same, Metta's would win.
        const older = '1353118103.108893381';
        const newer = '1353118103.108893382';
        await herd.waitForAgreement([await herd.report('Metta', 'rising', older)]);
        await herd.waitForAgreement([await herd.report('Blake', 'rising', newer)]);

        const fixed = await herd.report('Blake', 'falling', newer);
        await herd.waitForAgreement([fixed]);
        await herd.report('Metta', 'falling', older);
        await herd.waitForAgreement([await herd.report('Metta', 'behind-falling'), fixed]);
      });

      it('[TM3][LO1][LO2] of the same moment the greater server, position, and way to write the time', async () => {
        const ats = new Map<string, string>();
        for (const server of ['Metta', ...herd.servers]) ats.set(server, await herd.report(server, 'tied'));
        const lines = ['IAMAT moved +1+1 5', 'IAMAT moved +2+1 5', 'IAMAT moved +1+2 5', 'IAMAT tidy +1+1 1.5'];
        const answers = (await herd.sendAll('Blake', [...lines, 'IAMAT tidy +1+1 1.50', ''].join('\n'))).split('\n');
        // Reports of one packet have one receipt time, and so these two times have one skew.
        await herd.waitForAgreement([answers[1] ?? '', answers[4] ?? '']);
        const [winner = ''] = await herd.queryLocations('Blake', ['tied']);
        expect(winner.startsWith('AT Metta ')).to.equal(true);
        await herd.waitForAgreement([winner]);
      });

      it('[LO3] many, at all servers at once, leave the whole herd with the same', async () => {
        const clients = Array.from({ length: 20 }, (_, index) => `busy-${index}`);
        const rounds = 50;
        await Promise.all(
          herd.servers.map((server, offset) => {
            // Each server hears of each time once, and each in an order of its own.
            const times = Array.from({ length: rounds }, (_, round) => 1 + ((round * 7 + offset * 11) % rounds));
            return herd.sendAll(
              server,
              times.flatMap((at) => clients.map((id) => `IAMAT ${id} ${place} ${at}.000000001\n`)).join(''),
            );
          }),
        );
        const winners = (await herd.queryLocations('Metta', clients)).map((at) => at ?? '');
        for (const at of winners) expect(at).to.match(new RegExp(`^AT Metta .* ${rounds}\\.000000001$`));
        await herd.waitForAgreement(winners);
      });
    });

    describe('WHATSAT', () => {
      it('[WH1][WH7][UP1][UP2] is answered by every server with the AT line and samples nearby', async () => {
        const at = await herd.report('Bryant', 'asked');
        await herd.waitForAgreement([at]);
        for (const server of herd.servers) {
          const [first, json = '', end, ...more] = (await herd.sendAll(server, 'WHATSAT asked 100 7\n')).split('\n');
          expect(first).to.equal(at);
          expect([end, ...more]).to.deep.equal(['']);
          const { results } = JSON.parse(json) as Search;
          expect(results).to.have.lengthOf(7);
          for (const { text, from_user: user, id_str: id, geo } of results) {
            expect(text).to.match(/^Sample post from /);
            expect(user).to.match(/^sample_\d+$/);
            const [latitude, longitude] = geo.coordinates;
            expect(greatCircleKm(everest, { latitude, longitude })).to.be.at.most(100);
            // Beyond what a double holds, and still here to the last digit.
            expect(json).to.include(`"id":${id},`);
          }
        }
      });

      it('[WH6] comes in one piece', async () => {
        client.send(`IAMAT whole ${place} 1\n`);
        await client.line();
        client.send('WHATSAT whole 100 3\n');
        const [chunk] = (await once(client.socket, 'data')) as [Buffer];
        expect(chunk.toString()).to.match(/^AT Blake .*\n\{.*\}\n$/);
      });

      it('[WH2][WH4] takes these radii and counts', async () => {
        await client.request(`IAMAT wide ${place} 1`);
        for (const radius of ['0', '0.0', '0.25', '007', '13', '50', '2500', '1000000', '9'.repeat(300)]) {
          expect(await client.request(`WHATSAT wide ${radius} 1`)).to.match(/^AT /);
          expect((JSON.parse(await client.line()) as Search).results.length).to.be.at.most(1);
        }
        for (const count of ['0', '1', '020', '99', '100']) {
          expect(await client.request(`WHATSAT wide 1000 ${count}`)).to.match(/^AT /);
          expect((JSON.parse(await client.line()) as Search).results).to.have.lengthOf(Number(count));
        }
      });

      it('[WH2][WH4][WH5] takes no others', async () => {
        await client.request(`IAMAT wide ${place} 1`);
        const radii = ['-1', '+1', '-0', '1e3', '.5', '5.', '1,5', '0x10', 'Infinity', 'NaN', 'far', '9'.repeat(400)];
        const counts = ['101', '-1', '+1', '2.0', '1e1', 'all', '0x1', '99999999999999999999'];
        const lines = [...radii.map((radius) => `${radius} 1`), ...counts.map((count) => `1 ${count}`)];
        for (const limits of lines) {
          expect(await client.request(`WHATSAT wide ${limits}`)).to.equal(`? WHATSAT wide ${limits}`);
        }
      });

      it('[WH3] cuts a radius to what the upstream takes', async () => {
        await client.request(`IAMAT wide ${place} 1`);
        await client.request('WHATSAT wide 1000000 1');
        expect((JSON.parse(await client.line()) as Search).refresh_url).to.include('2500.0km');
      });

      it('[WH8][WH9] sees what came before it, and nothing that came after', async () => {
        const answers = await client.sendAll(
          'IAMAT seen +1+1 1\nWHATSAT seen 0 0\nIAMAT seen +2+2 2\nWHATSAT seen 0 0\n',
        );
        const ats = answers.split('\n').filter((line) => line.startsWith('AT '));
        expect(ats.map((at) => at.split(' ').slice(4).join(' '))).to.deep.equal([
          '+1+1 1',
          '+1+1 1',
          '+2+2 2',
          '+2+2 2',
        ]);
      });
    });

    describe('a line', () => {
      for (const [what, line] of invalidLines) {
        it(`[IN1][IN2][IN3][CM1][CM2][WH5] ${what} is copied to the byte`, async () => {
          expect(await herd.sendAll('Blake', `${line}\n`)).to.equal(`? ${line}\n`);
        });
      }

      it('[IN3][IN4] that is invalid changes nothing, and the connection goes on', async () => {
        const lines = invalidLines.map(([, line]) => line);
        const answers = await client.sendAll([...lines, `IAMAT goes-on ${place} 1`, ''].join('\n'));
        expect(answers.startsWith(lines.map((line) => `? ${line}\n`).join(''))).to.equal(true);
        expect(answers).to.match(/AT Blake \S+ goes-on \S+ 1\n$/);
        expect(await herd.queryLocations('Blake', ['stranger', 'kiwi'])).to.deep.equal([undefined, undefined]);
        expect(await herd.queryLocations('Bryant', ['stranger', 'kiwi'])).to.deep.equal([undefined, undefined]);
      });

      it('[FR8][FR9][CM5] may have any white space between its fields, and around them', async () => {
        const answer = await answerTo(` \tIAMAT\v\f\r  spaced\t${place}\f\f${time} \r\t`);
        expect(answer).to.match(/^AT Blake \S+ spaced \+27\.5916\+086\.5640 1353118103\.108893381$/);
      });

      it('[FR2][FR3] may end in CRLF, of which only the last CR is none of its own', async () => {
        expect(await client.sendAll('a\r\nb\r\r\n\r\nc\rd\r\ne\n')).to.equal('? a\n? b\r\n? \n? c\rd\n? e\n');
      });

      it('[FR4] may end with the stream', async () => {
        expect(await herd.sendAll('Blake', `IAMAT last ${place} 1`)).to.match(/^AT Blake \S+ last \S+ 1\n$/);
        expect(await herd.sendAll('Blake', 'a\nb\r')).to.equal('? a\n? b\r\n');
        expect(await herd.sendAll('Blake', 'a\n')).to.equal('? a\n');
        expect(await herd.sendAll('Blake', '')).to.equal('');
      });

      it('[FR5] may come byte by byte', async () => {
        const rest = `${bytesOf('slow\u00a0📱')} ${place} 1`;
        for (const byte of `IAMAT ${rest}\r\n`) {
          client.send(byte);
          // The socket has no delay: what is written in a turn of its own is a packet of its own.
          await new Promise(setImmediate);
        }
        const answer = await client.line();
        expect(answer.split(' ').slice(3).join(' ')).to.equal(rest);
      });

      it('[FR6] of 4096 bytes is taken whole, and travels', async () => {
        const end = ` ${'k'.repeat(1_024)} ${place} ${time}`;
        const line = `IAMAT${' '.repeat(4096 - 'IAMAT'.length - end.length)}${end}`;
        expect(line).to.have.lengthOf(4096);
        expect(await client.request(`${line}\r`)).to.satisfy((at: string) => at.endsWith(end));
        const at = await client.request(line);
        await herd.waitForAgreement(
          (await herd.queryLocations('Blake', [at.split(' ')[3] ?? ''])).map((held) => held ?? ''),
        );
      });

      it('[FR7] that is longer is answered by its first 4096 bytes before it ends, and the next is served', async () => {
        const start = `IAMAT kiwi ${'\xff'.repeat(4085)}`;
        client.send(`${start}!`);
        expect(await client.line()).to.equal(`? ${start}`);
        client.send('x'.repeat(100_000));
        client.send(`\nIAMAT after ${place} 1\n`);
        expect(await client.line()).to.match(/^AT Blake \S+ after /);
        expect(await client.sendAll(`${start}!\r\n${start}!`)).to.equal(`? ${start}\n? ${start}\n`);
      });
    });

    describe('a connection', () => {
      it('[CO1][CM3][FR5] takes many commands in a packet, and answers each in its turn', async () => {
        const commands = [
          'a',
          `IAMAT many ${place} 1`,
          'WHATSAT many 100 1',
          'b',
          `IAMAT many ${place} 2`,
          'WHATSAT many 5 0',
          'c',
        ];
        const answers = (await client.sendAll(`${commands.join('\n')}\n`)).split('\n');
        expect(answers.map((line) => line.slice(0, 3))).to.deep.equal([
          '? a',
          'AT ',
          'AT ',
          '{"r',
          '? b',
          'AT ',
          'AT ',
          '{"r',
          '? c',
          '',
        ]);
        expect(answers[2]).to.equal(answers[1]);
        expect(answers[6]).to.equal(answers[5]);
      });

      it('[CO1][CO2] holds back what is behind a slow WHATSAT, and no other connection does', async () => {
        const other = await herd.connect('Blake');
        await client.request(`IAMAT slow ${place} 1`);
        const asked = 50;
        let served: 'meanwhile' | 'too late to tell' = 'too late to tell';
        // Where this process is kept from the machine for long, all is there when it looks: then it looks again.
        for (let attempt = 1; attempt <= 10 && served !== 'meanwhile'; attempt += 1) {
          client.send(`${heavy('slow').repeat(asked)}IAMAT behind ${place} 1\n`);
          expect(await other.request(`IAMAT beside ${place} 1`)).to.match(/^AT Blake \S+ beside /);
          if (client.unreadLineCount < 2 * asked) served = 'meanwhile';
          const answers = await client.lines(2 * asked + 1);
          for (let index = 0; index < asked; index += 1) {
            expect(answers[2 * index]).to.match(/^AT Blake \S+ slow /);
            expect((JSON.parse(answers[2 * index + 1] ?? '') as Search).results).to.have.lengthOf(100);
          }
          expect(answers.at(-1)).to.match(/^AT Blake \S+ behind /);
        }
        expect(served).to.equal('meanwhile');
        other.close();
      });

      it('[CO4][TM5] loses no command while it holds back, and the skew of one that waits does not grow', async () => {
        const questions = 80;
        client.send(`IAMAT first ${place} 0\n${heavy('first').repeat(questions)}IAMAT last ${place} 0\n`);
        const answers = await client.lines(2 * questions + 2);
        const [, , first] = answers[0]?.split(' ') ?? [];
        const [, , last, id] = answers.at(-1)?.split(' ') ?? [];
        expect(id).to.equal('last');
        // One packet, one receipt time.
        expect(last).to.equal(first);
      });

      it('[CO3] that is closed for sending at once gets every answer', async () => {
        const answers = (
          await herd.sendAll('Gasol', `IAMAT done ${place} 1\n${'WHATSAT done 10 1\n'.repeat(10)}end`)
        ).split('\n');
        expect(answers).to.have.lengthOf(1 + 20 + 1 + 1);
        expect(answers.at(-2)).to.equal('? end');
      });

      it('[CO6] that goes away in the middle leaves its reports behind', async () => {
        const leaver = await herd.connect('Blake');
        const at = await leaver.request(`IAMAT leaver ${place} 1`);
        leaver.send(`${heavy('leaver').repeat(10)}IAMAT lea`);
        leaver.socket.resetAndDestroy();
        await herd.waitForAgreement([at]);
        expect(await client.request(`IAMAT stayer ${place} 1`)).to.match(/^AT Blake \S+ stayer /);
      });
    });

    if (mode === 'processes') {
      it('[UP4][UP6] an upstream that hangs costs a WHATSAT five seconds, and nobody else anything', async () => {
        await client.request(`IAMAT patient ${place} 1`);
        // The supervisor runs the sample upstream, and the servers do without a supervisor that sleeps.
        herd.command().signal('SIGSTOP');
        try {
          const other = await herd.connect('Blake');
          client.send('WHATSAT patient 100 5\nbehind\n');
          expect(await other.request('beside')).to.equal('? beside');
          expect(client.unreadLineCount).to.equal(0);
          expect(await client.line()).to.match(/^AT Blake \S+ patient /);
          expect(JSON.parse(await client.line())).to.have.keys('error');
          expect(await client.line()).to.equal('? behind');
          other.close();
        } finally {
          herd.command().signal('SIGCONT');
        }
        await client.request('WHATSAT patient 100 5');
        expect((JSON.parse(await client.line()) as Search).results).to.have.lengthOf(5);
      }).slow(20_000);
    }
  });
}

describe('the protocol of clients over TCP, with places', function () {
  this.timeout(3 * defaultTimeoutMs);
  let herd: Herd;

  before(async () => {
    herd = await startHerd({
      mode: 'one process',
      topology: { Alford: ['Parker', 'Powell'], Bolden: ['Parker', 'Powell'], Hamilton: ['Parker'] },
      upstreamFormat: 'places',
    });
  });
  after(() => herd.stop());

  it('[WH1][WH4][WH7] gives at most twenty of them, all within the radius', async () => {
    const at = await herd.report('Alford', 'asked');
    await herd.waitForAgreement([at]);
    for (const count of [0, 1, 19, 20]) {
      const [first, json = ''] = (await herd.sendAll('Hamilton', `WHATSAT asked 50 ${count}\n`)).split('\n');
      expect(first).to.equal(at);
      const { status, results } = JSON.parse(json) as {
        status: string;
        results: { name: string; geometry: { location: { lat: number; lng: number } } }[];
      };
      expect(status).to.equal('OK');
      expect(results.length).to.be.at.most(count);
      for (const { geometry } of results) {
        const { lat: latitude, lng: longitude } = geometry.location;
        expect(greatCircleKm(everest, { latitude, longitude })).to.be.at.most(50);
      }
    }
  });

  it('[WH4][WH5] takes no count above twenty', async () => {
    await herd.report('Alford', 'asked');
    for (const count of [21, 100]) {
      expect(await herd.sendAll('Alford', `WHATSAT asked 50 ${count}\n`)).to.equal(`? WHATSAT asked 50 ${count}\n`);
    }
  });
});

function allBytesButLf(): ByteString {
  const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
  return all.replace('\n', '');
}
