/** Versions of the language that servers speak among themselves: every one from the lowest to the highest. */
export interface PeerVersions {
  readonly lowest: number;
  readonly highest: number;
}

/** What this Herd speaks. docs/protocol.md tells what came with which version. */
export const spokenVersions: PeerVersions = { lowest: 1, highest: 2 };

/** The version from which on a server that is told to stop says GOODBYE. */
export const goodbyeSince = 2;

const numberPattern = /^\d{1,3}$/;

/** A nonce of a server that speaks more than the version in its hello: the highest stands behind a point. */
const offeringPattern = /\.(\d{1,3})$/;

/** The highest version that both speak; undefined if there is none. */
export function agreedVersion(ours: PeerVersions, theirs: PeerVersions): number | undefined {
  const version = Math.min(ours.highest, theirs.highest);
  return version >= Math.max(ours.lowest, theirs.lowest) ? version : undefined;
}

/**
 * Puts the highest version that is spoken into the nonce of a hello. Version 1 has no other place for it, and takes a nonce for
 * what it is; and both sides prove that they know the secret over it, so that nobody on the way can make it less.
 */
export function withOffer(nonce: string, { lowest, highest }: PeerVersions): string {
  return highest === lowest ? nonce : `${nonce}.${highest}`;
}

/** The versions that a hello offers; undefined if it says none. */
export function offeredVersions(version: string, nonce: string | undefined): PeerVersions | undefined {
  if (!numberPattern.test(version)) return undefined;
  const lowest = Number(version);
  const highest = offeringPattern.exec(nonce ?? '')?.[1];
  return { lowest, highest: highest === undefined ? lowest : Number(highest) };
}

/** Versions in words: `version 1`, `versions 1 to 2`. */
export function describeVersions({ lowest, highest }: PeerVersions): string {
  return lowest === highest ? `version ${lowest}` : `versions ${lowest} to ${highest}`;
}
