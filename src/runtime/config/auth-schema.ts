import { z } from 'zod';
import { standsInFile } from './environment-only.js';
import type { Problem } from './problems.js';

/** Nobody keeps who guesses from guessing on, so a token must be too long for it. */
const tokenLength = { least: 16, most: 256 };

/** Devices with a token of their own: each request that brings a token is compared with all of them. */
const devicesMax = 1_000;

const tokenRule =
  `must be ${tokenLength.least} to ${tokenLength.most} visible characters of ASCII; ` +
  '`openssl rand -hex 32` makes such a token';

// Editors see `${NAME}`, not what it stands for: so what is asked of a token is no part of the JSON Schema.
const token = z
  .string({ error: tokenRule })
  .refine(
    (text) => /^[\x21-\x7e]*$/.test(text) && text.length >= tokenLength.least && text.length <= tokenLength.most,
    tokenRule,
  )
  .describe('The name of an environment variable, as in ${HERD_TOKEN}. A token stands in no file.');

const device = z.string().regex(/^[^\t-\r ]{1,200}$/, 'must be a client ID: one word without white space');

/** Each request of a page is compared with all of them. */
const originsMax = 100;

const origin = z
  .string()
  .refine(
    (text) => isOrigin(text),
    'must be an origin as browsers write it, as in https://map.example: no path, no port of its scheme',
  )
  .describe('An origin, as in https://map.example or http://localhost:3000.');

/** What `access` in herd.yaml may say. docs/operations.md explains it. */
export const accessSchema = z.strictObject({
  clients: token.optional().describe('The token that whoever asks or reports must have. Leave it out for none.'),
  administration: token
    .optional()
    .describe('The token of those who may crash and stop servers, cut links, and set the level of logs.'),
  devices: z
    .record(device, token)
    .refine((devices) => Object.keys(devices).length <= devicesMax, `there may be ${devicesMax} devices with a token`)
    .default({})
    .describe('Tokens of single devices by client ID, with which a device may report itself, and nothing else.'),
  origins: z
    .array(origin)
    .max(originsMax, `there may be ${originsMax} origins`)
    .default([])
    .describe('Origins of pages that may ask and report as programs may. Leave it out for none but the herd itself.'),
});

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}

/**
 * What is wrong with tokens that have the right shape.
 * @param isFromEnvironment whether a value is nothing but a variable of the environment
 */
export function* tokenProblemsOf(
  { clients, administration, devices }: z.infer<typeof accessSchema>,
  isFromEnvironment: (path: Problem['path']) => boolean,
): Generator<Problem> {
  const users = new Map<string, string>();
  const tokens: (readonly [path: readonly string[], token: string | undefined])[] = [
    [['clients'], clients],
    [['administration'], administration],
    ...Object.entries(devices).map(([client, its]) => [['devices', client], its] as const),
  ];
  for (const [where, its] of tokens) {
    if (its === undefined) continue;
    const path = ['access', ...where];
    const name = path.join('.');
    if (!isFromEnvironment(path)) yield standsInFile(path, 'HERD_TOKEN');
    const user = users.get(its);
    if (user !== undefined) yield { path, text: `${name} is the same token as ${user}: whoever has one has the other` };
    users.set(its, name);
  }
}
