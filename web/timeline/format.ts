import type { FaultKind, TimelineMark, MessageKind } from '../../src/simulation/report/timeline-data.js';

/** Display names of message kinds. */
export const kindNames: Readonly<Record<MessageKind, string>> = {
  report: 'client report',
  query: 'client query',
  response: 'response to a client',
  location: 'location',
  lookup: 'lookup',
  handshake: 'handshake',
  comparison: 'comparison of stores',
  heartbeat: 'heartbeat',
  other: 'other',
};

export const faultNames: Readonly<Record<FaultKind, string>> = {
  crash: 'server or broker node down',
  pause: 'server paused',
  partition: 'partition',
  cut: 'link cut',
  stall: 'link stalled',
  slow: 'link slow',
  clock: 'clock wrong',
  upstream: 'upstream fault',
};

export const markNames: Readonly<Record<TimelineMark['kind'], string>> = {
  'link up': 'link comes up',
  'link down': 'link goes down',
  failure: 'actor failed',
};

const integerFormat = new Intl.NumberFormat('en-GB');

export function formatCount(value: number): string {
  return integerFormat.format(value);
}

/** Formats a moment of a run. */
export function formatMoment(ms: number, decimals = 3): string {
  return `${(ms / 1_000).toFixed(decimals)} s`;
}

/** Formats a duration. */
export function formatDuration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1_000)} µs`;
  if (ms < 1_000) return `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
  return `${(ms / 1_000).toFixed(2)} s`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${formatCount(bytes)} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Formats bytes for display: as UTF-8 where valid, and everything else that is not printable as C escapes. */
export function escapeBytes(bytes: string): string {
  const text = decodeUtf8(bytes) ?? bytes.replace(/[\u0080-\u00ff]/g, escapeCharacter);
  // eslint-disable-next-line no-control-regex -- these are the bytes that must not be shown as they are
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, escapeCharacter);
}

/** Decodes text that may contain bytes of a client ID: as UTF-8 if valid, otherwise unchanged. */
export function decodeText(text: string): string {
  return /[\u0100-\uffff]/.test(text) ? text : (decodeUtf8(text) ?? text);
}

function decodeUtf8(bytes: string): string | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    // In stream mode, a character that was cut off at the end is not an error.
    return decoder.decode(
      Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)),
      { stream: true },
    );
  } catch {
    return undefined;
  }
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
}
