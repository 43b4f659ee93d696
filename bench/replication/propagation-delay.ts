import { setTimeout as pause } from 'node:timers/promises';
import { LineClient } from '../support/line-client.js';
import { ReportSubscriber } from './report-subscriber.js';

/** Time between two reports, in milliseconds; nothing else is in flight. */
const reportIntervalMs = 5;

/** Number of first reports that are not measured. */
const warmUpReports = 20;

/**
 * Measures the propagation delay of single reports: from the response of one server until subscribers at all other servers have the
 * report. Returns milliseconds; 0 if all had it before the response was read.
 * @throws Error if a server does not send a report in time
 */
export async function measurePropagation(
  reportPort: number,
  followerPorts: readonly number[],
  count: number,
): Promise<number[]> {
  const reporter = await LineClient.connect(reportPort);
  const subscribers = await Promise.all(followerPorts.map((port) => ReportSubscriber.connect(port, 'probe')));
  const delaysMs: number[] = [];
  try {
    for (let number = 0; number < warmUpReports + count; number += 1) {
      await pause(reportIntervalMs);
      const time = (Date.now() / 1_000).toFixed(3);
      const response = reporter.request(`IAMAT probe +34.068930-118.445127 ${time}`).then(() => performance.now());
      const [answeredMs, ...receivedMs] = await Promise.all([
        response,
        ...subscribers.map((subscriber) => subscriber.waitForReport(time)),
      ]);
      if (number >= warmUpReports) delaysMs.push(Math.max(0, Math.max(...receivedMs) - answeredMs));
    }
  } finally {
    for (const each of [reporter, ...subscribers]) each.close();
  }
  return delaysMs;
}
