import { z } from 'zod';

/** What phone apps send, read and described by the same schemas. What else they send is ignored. */

const coordinates = { lat: z.number(), lon: z.number() };

/** What OwnTracks sends in HTTP mode. A field that is not what it should be is as good as none. */
export const ownTracksBody = z.looseObject({
  _type: z.literal('location').describe('Messages of other types are taken, and ignored.'),
  ...coordinates,
  tst: z.number().optional().catch(undefined).describe('When it was there: POSIX seconds. Now, if it is left out.'),
  topic: z.string().optional().catch(undefined).describe('owntracks/USER/DEVICE: who it is, where nothing else says.'),
  tid: z.string().optional().catch(undefined).describe('Its initials: who it is, where nothing else says.'),
});

/** Who it is, as far as what OwnTracks sends says so: all that it sends, not only where it is. */
export const ownTracksIdentity = ownTracksBody.pick({ topic: true, tid: true });

const optionalText = z.string().optional();

/** Who it is that speaks as OwnTracks. */
export const ownTracksHeaders = z.object({
  'x-limit-u': optionalText.describe('The user.'),
  'x-limit-d': optionalText,
});

/** The same, in the query. */
export const ownTracksQuery = z.object({
  u: optionalText.describe('The user.'),
  d: optionalText.describe('The device.'),
});

/** What OsmAnd, GPSLogger and Traccar Client before 9 send, in the query or as a form. */
export const osmAndFields = z.object({
  id: optionalText.describe('The client ID; or deviceid.'),
  deviceid: optionalText,
  lat: optionalText.describe('Degrees; lat and lon, or location.'),
  lon: optionalText,
  location: optionalText.describe('LATITUDE,LONGITUDE.'),
  timestamp: optionalText.describe('Seconds, milliseconds or ISO 8601. Now, if it is left out.'),
});

/** What Traccar Client sends since version 9. Without a location it is taken, and ignored. */
export const traccarBody = z.looseObject({
  device_id: z.union([z.string().min(1), z.number()]),
  location: z
    .looseObject({
      coords: z.looseObject({ latitude: z.number(), longitude: z.number() }),
      timestamp: z
        .union([z.string(), z.number()])
        .optional()
        .catch(undefined)
        .describe('Seconds, milliseconds or ISO 8601. Now, if it is left out.'),
    })
    .optional()
    .catch(undefined),
});

export const ownTracksResponse = z.array(z.unknown()).max(0).describe('There are no friends to tell of.');
