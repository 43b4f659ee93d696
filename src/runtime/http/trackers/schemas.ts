import { z } from 'zod';

/* Schemas of what trackers send: they parse requests and describe the API as OpenAPI. Other fields are ignored. */

const coordinates = { lat: z.number(), lon: z.number() };

/** Message of OwnTracks in HTTP mode. An invalid optional field is ignored. */
export const ownTracksBody = z.looseObject({
  _type: z.literal('location').describe('Messages of other types are accepted and ignored.'),
  ...coordinates,
  tst: z.number().optional().catch(undefined).describe('Time of the position in POSIX seconds (default: now).'),
  topic: z
    .string()
    .optional()
    .catch(undefined)
    .describe('owntracks/USER/DEVICE: the client, unless headers or query have it.'),
  tid: z.string().optional().catch(undefined).describe('Tracker ID: the client, if nothing else has it.'),
});

/** Fields that identify the client, of messages of all types. */
export const ownTracksIdentity = ownTracksBody.pick({ topic: true, tid: true });

const optionalText = z.string().optional();

/** Headers of OwnTracks that identify the client. */
export const ownTracksHeaders = z.object({
  'x-limit-u': optionalText.describe('User.'),
  'x-limit-d': optionalText,
});

/** Query parameters that identify the client of OwnTracks. */
export const ownTracksQuery = z.object({
  u: optionalText.describe('User.'),
  d: optionalText.describe('Device.'),
});

/** Query or form of OsmAnd, GPSLogger, and Traccar Client before version 9. */
export const osmAndFields = z.object({
  id: optionalText.describe('Client ID; or deviceid.'),
  deviceid: optionalText,
  lat: optionalText.describe('Degrees; lat and lon, or location.'),
  lon: optionalText,
  location: optionalText.describe('LATITUDE,LONGITUDE.'),
  timestamp: optionalText.describe('Seconds, milliseconds or ISO 8601 (default: now).'),
});

/** JSON of Traccar Client since version 9. Without a location it is accepted and ignored. */
export const traccarBody = z.looseObject({
  device_id: z.union([z.string().min(1), z.number()]),
  location: z
    .looseObject({
      coords: z.looseObject({ latitude: z.number(), longitude: z.number() }),
      timestamp: z
        .union([z.string(), z.number()])
        .optional()
        .catch(undefined)
        .describe('Seconds, milliseconds or ISO 8601 (default: now).'),
    })
    .optional()
    .catch(undefined),
});

export const ownTracksResponse = z.array(z.unknown()).max(0).describe('List of friends, always empty.');
