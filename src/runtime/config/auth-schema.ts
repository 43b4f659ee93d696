import { z } from 'zod';
import { literalSecretProblem, type Problem } from './problem.js';

/** Length of a token, in characters. Tokens can be guessed online without limit, so they must be long. */
const tokenLength = { min: 16, max: 256 };

/** Maximum number of device tokens: a request's token is compared with each of them. */
const maxDevices = 1_000;

const tokenRule =
  `must be ${tokenLength.min} to ${tokenLength.max} printable ASCII characters; ` +
  'generate one with `openssl rand -hex 32`';

// Editors see `${NAME}`, not the value of the variable, so the rules of a token are not part of the JSON Schema.
const token = z
  .string({ error: tokenRule })
  .refine(
    (text) => /^[\x21-\x7e]*$/.test(text) && text.length >= tokenLength.min && text.length <= tokenLength.max,
    tokenRule,
  )
  .describe('Environment variable that holds the token, as in ${HERD_TOKEN}. A literal token is an error.');

const deviceId = z.string().regex(/^[^\t-\r ]{1,200}$/, 'must be a client ID: one word without white space');

/** Maximum number of origins: the origin of each request is compared with all of them. */
const maxOrigins = 100;

const origin = z
  .string()
  .refine(
    (text) => isOrigin(text),
    'must be an origin as browsers send it, such as https://map.example: no path, no default port',
  )
  .describe('Origin, such as https://map.example or http://localhost:3000.');

/** Schema of `auth` in herd.yaml. */
export const authSchema = z.strictObject({
  clientToken: token.optional().describe('Token required to report and to query. Omit it for none.'),
  adminToken: token
    .optional()
    .describe('Token required for admin actions: crash and stop servers, cut links, set log levels.'),
  deviceTokens: z
    .record(deviceId, token)
    .refine((deviceTokens) => Object.keys(deviceTokens).length <= maxDevices, `must have at most ${maxDevices} devices`)
    .default({})
    .describe('Tokens by client ID. Such a token may only report the location of that client.'),
});

/** Schema of `cors` in herd.yaml. */
export const corsSchema = z.strictObject({
  allowedOrigins: z
    .array(origin)
    .max(maxOrigins, `must have at most ${maxOrigins} origins`)
    .default([])
    .describe('Origins of web pages that may report and query. Pages of the herd itself are always allowed.'),
});

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}

/**
 * Finds tokens that are written literally in the file, or used twice.
 * @param isFromEnvironment whether the value at a path is nothing but an environment variable
 */
export function* findTokenProblems(
  { clientToken, adminToken, deviceTokens }: z.infer<typeof authSchema>,
  isFromEnvironment: (path: Problem['path']) => boolean,
): Generator<Problem> {
  const owners = new Map<string, string>();
  const tokens: (readonly [path: readonly string[], token: string | undefined])[] = [
    [['clientToken'], clientToken],
    [['adminToken'], adminToken],
    ...Object.entries(deviceTokens).map(([client, deviceToken]) => [['deviceTokens', client], deviceToken] as const),
  ];
  for (const [keys, value] of tokens) {
    if (value === undefined) continue;
    const path = ['auth', ...keys];
    const name = path.join('.');
    if (!isFromEnvironment(path)) yield literalSecretProblem(path, 'HERD_TOKEN');
    const owner = owners.get(value);
    if (owner !== undefined) yield { path, text: `${name}: must not be the same token as ${owner}` };
    owners.set(value, name);
  }
}
