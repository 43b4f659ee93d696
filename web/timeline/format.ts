import type { FaultKind, TimelineMark, MessageKind } from '../../src/simulation/report/timeline-data.js';

/** What people call the kinds of messages. */
export const kindNames: Readonly<Record<MessageKind, string>> = {
  report: 'client report',
  query: 'client question',
  response: 'answer to a client',
  location: 'location',
  lookup: 'question to the herd',
  handshake: 'handshake',
  comparison: 'comparison of stores',
  heartbeat: 'heartbeat',
  other: 'other',
};

export const faultNames: Readonly<Record<FaultKind, string>> = {
  crash: 'server down',
  pause: 'server stopped',
  partition: 'partition',
  cut: 'link cut',
  stall: 'link stalled',
  slow: 'link slow',
  clock: 'clock wrong',
  upstream: 'upstream in trouble',
  broker: 'broker fault',
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

/** A moment of a run, to the microsecond if need be. */
export function formatMoment(ms: number, decimals = 3): string {
  return `${(ms / 1_000).toFixed(decimals)} s`;
}

/** How long something took. */
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

/** Bytes as people read them: UTF-8 where they are, and what is neither that nor printable as it is written in C. */
export function escapeBytes(bytes: string): string {
  const text = decodeUtf8(bytes) ?? bytes.replace(/[\u0080-\u00ff]/g, escapeCharacter);
  // eslint-disable-next-line no-control-regex -- these are the bytes that must not be shown as they are
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, escapeCharacter);
}

/** Words that may hold bytes of a client's ID: as UTF-8 if they are that, and else as they are. */
export function decodeText(text: string): string {
  return /[\u0100-\uffff]/.test(text) ? text : (decodeUtf8(text) ?? text);
}

function decodeUtf8(bytes: string): string | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    // As of a stream: where a text was cut, half a character is no error.
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
