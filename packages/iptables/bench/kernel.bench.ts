import { fileURLToPath } from 'node:url'

import { connectNetns, createNetns } from '@proxy/testkit'
import { test } from 'vitest'

import { backendNames, openBackend } from '../test/integration/support/backends.ts'
import { typical } from './plans.ts'
import { type Measurement, table, time } from './timing.ts'

const inside = fileURLToPath(new URL('inside.ts', import.meta.url))
const limit = { timeout: 600_000 }

// Needs root. Each scenario is a process inside a new namespace: what a warm agent would see.
test.for(['ways', 'lists'])('%s', limit, async (scenario) => {
  await using netns = await createNetns('ipt-bench')
  await using outside = await createNetns('ipt-bench')
  // An address and a route, for connections that are captured.
  await connectNetns(
    { netns, ifname: 'eth0', addresses: ['10.200.0.2/24'] },
    { netns: outside, ifname: 'c0', addresses: ['10.200.0.1/24'] },
  )
  await netns.must('ip', 'route', 'add', 'default', 'via', '10.200.0.1')
  const argv = [process.execPath, '--conditions=@proxy/source', inside, scenario] as const
  const text = await netns.must(...argv)
  process.stdout.write(`\n${table(JSON.parse(text) as Measurement[])}\n`)
})

test('100 namespaces at once', limit, async () => {
  const measured: Measurement[] = []
  for (const name of backendNames) {
    const namespaces = await Promise.all(Array.from({ length: 100 }, () => createNetns('ipt-many')))
    const opened = await Promise.all(namespaces.map((netns) => openBackend(name, netns)))
    try {
      // What starts with the first use is not to be counted.
      await Promise.all(opened.map((backend) => backend.remove()))
      const apply = await time(1, () => Promise.all(opened.map((one) => one.apply(typical))))
      const verify = await time(1, () => Promise.all(opened.map((one) => one.verify(typical))))
      measured.push({ name, columns: { 'apply, all': apply, 'verify, all': verify } })
    } finally {
      for (const one of opened) await one[Symbol.asyncDispose]()
      for (const one of namespaces) await one[Symbol.asyncDispose]()
    }
  }
  process.stdout.write(`\n${table(measured)}\n`)
})
