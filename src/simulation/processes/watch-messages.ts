import type { ClientId } from '../../protocol/ids.js';
import type { Location } from '../../protocol/location.js';
import type { StatusReport } from '../../runtime/herd-status.js';
import type { WorldEvent } from '../world.js';

/*
 * What the process of a watched server and its parent say to each other, over Node's channel between them.
 */

/** Asked by the parent; of the store alone, so that the herd is not asked. */
export type WatchQuestion =
  | { readonly kind: 'holds'; readonly question: number; readonly client: ClientId }
  | { readonly kind: 'digest'; readonly question: number };

/** Told by the process. */
export type WatchReport =
  | StatusReport
  /** Something happened on the server's bus. */
  | { readonly kind: 'seen'; readonly event: WorldEvent }
  /** What the store holds of a client; no location if nothing. */
  | { readonly kind: 'held'; readonly question: number; readonly location?: Location | undefined }
  | { readonly kind: 'digested'; readonly question: number; readonly digest: string };
