import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Kvm, type KV } from '@nats-io/kv';
import type { NatsSettings } from '../../src/runtime/nats/nats-settings.js';
import { eventually } from './eventually.js';

/** The bucket of tests. */
export const bucketName = 'herd-test';

/** How a test reaches nats-servers: with signs of life that come quickly, so that silence is noticed quickly. */
export function natsSettings(servers: readonly string[], more: Partial<NatsSettings> = {}): NatsSettings {
  const plain = { bucket: bucketName, replicas: 1, credentials: undefined, tls: undefined };
  return { servers, ...plain, beatMs: 500, ...more };
}

/** Does something to the bucket as a person does who has the tools of NATS. */
export async function withBucket(
  address: string,
  action: (kv: KV) => Promise<unknown>,
  name = bucketName,
): Promise<void> {
  const connection = await connect({ servers: address });
  try {
    await action(await new Kvm(connection).create(name));
  } finally {
    await connection.close();
  }
}

/** What stands in the bucket. */
export async function valuesIn(address: string, name = bucketName): Promise<string[]> {
  const values: string[] = [];
  await withBucket(
    address,
    async (kv) => {
      if ((await kv.status()).values === 0) return;
      for await (const { value, delta } of await kv.watch()) {
        values.push(Buffer.from(value).toString('latin1'));
        if (delta === 0) return;
      }
    },
    name,
  );
  return values;
}

/** Has the stream of a bucket take no new keys any more, or take them again. */
export async function setFull(address: string, name: string, state: 'full' | 'not full'): Promise<void> {
  const connection = await connect({ servers: address });
  try {
    const { streams } = await jetstreamManager(connection);
    const { messages } = (await streams.info(`KV_${name}`)).state;
    await streams.update(`KV_${name}`, { max_msgs: state === 'full' ? Math.max(1, messages) : -1 });
  } finally {
    await connection.close();
  }
}

/** Deletes whatever watches the bucket, as soon as so many do. Those who watch are told nothing. */
export async function deleteWatches(address: string, count: number): Promise<void> {
  const connection = await connect({ servers: address });
  try {
    const { consumers } = await jetstreamManager(connection);
    const names = await eventually('so many watch', async () => {
      const watches: string[] = [];
      for await (const { name } of consumers.list(`KV_${bucketName}`)) watches.push(name);
      return watches.length >= count ? watches : undefined;
    });
    for (const name of names) await consumers.delete(`KV_${bucketName}`, name);
  } finally {
    await connection.close();
  }
}
