import { createNetns } from '@proxy/testkit'
import { test } from 'vitest'

import { netnsIdentity } from '../src/identity.ts'
import { pinNetns, unpinNetns } from '../src/pin.ts'
import { startNetnsHelper } from '../src/start-helper.ts'
import { batch, getTables, newTable } from '../test/fixtures/nft.ts'

/** Needs root. Each line is one call of a user's, through the helper and back where it has one. */
test('calls', async ({ bench }) => {
  await using netns = await createNetns('bench')
  await using helper = await startNetnsHelper()
  const netfilter = helper.netlink(netns.path, 'netfilter')
  const runner = helper.commandRunner(netns.path)
  await bench('identity', () => {
    netnsIdentity(netns.path)
  }).run()
  await bench('pin and unpin', async () => {
    await pinNetns(netns.path, '/run/netns/pxt-bench-pin')
    await unpinNetns('/run/netns/pxt-bench-pin')
  }).run()
  await bench('netfilter: list tables', () => netfilter.exchange(getTables(1))).run()
  await bench('netfilter: one batch', () => netfilter.exchange(batch(newTable(2, 'bench')))).run()
  await bench('links', () => helper.links(netns.path)).run()
  await bench('read a setting', () => helper.sysctl.get(netns.path, 'net.ipv4.ip_forward')).run()
  await bench('listeners', () => helper.listeners(netns.path)).run()
  await bench('run true(1)', () => runner.run(['true'])).run()
})
