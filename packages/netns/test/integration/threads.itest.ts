import { lookup } from 'node:dns/promises'
import { readdirSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

import { createNetns, createTempDir, type TestNetns } from '@proxy/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { listNetns, pinNetns, unpinNetns } from '../../src/pin.ts'
import { releasePinDirectory } from '../../src/pin-directory.ts'
import { startNetnsHelper } from '../../src/start-helper.ts'
import { batch, newTable, verdicts } from '../fixtures/nft.ts'

const COUNT = 100
let namespaces: readonly TestNetns[] = []

beforeAll(async () => {
  namespaces = await Promise.all(Array.from({ length: COUNT }, () => createNetns('threads')))
})
afterAll(async () => {
  await Promise.all(namespaces.map((netns) => netns[Symbol.asyncDispose]()))
})

/** The namespace of every thread of a process. */
const threadsOf = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/task`).map((id) => readlinkSync(`/proc/${pid}/task/${id}/ns/net`))
const fdsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

/** A folder of pins that are removed with it, also when a test fails. */
const pinsIn = (path: string): AsyncDisposable & { readonly path: string } => ({
  path,
  async [Symbol.asyncDispose]() {
    for (const pin of await listNetns(path)) await unpinNetns(pin.path)
    releasePinDirectory(path)
  },
})

it(`${COUNT} namespaces are used at once, and no thread is ever left in one`, async () => {
  await using folder = await createTempDir('netns-threads')
  await using pins = pinsIn(`${folder.path}/pins`)
  await using helper = await startNetnsHelper()
  const own = readlinkSync('/proc/self/ns/net')
  const everything = async ({ path, name }: TestNetns, round: number): Promise<void> => {
    const pin = `${pins.path}/${name}`
    await pinNetns(path, pin)
    const netfilter = helper.netlink(pin, 'netfilter')
    await Promise.all([
      netfilter.exchange(batch(newTable(2, `t${round}`))).then((replies) => {
        expect(verdicts(replies)).toEqual([[2, 'ok']])
      }),
      helper.links(pin),
      helper.addAddress(pin, '::6/128', 'lo'),
      helper.sysctl.set(pin, 'net.ipv4.ip_forward', '1'),
      helper.listeners(pin),
      helper.commandRunner(pin).run(['true']),
      // Work for this process's pool of threads in the meantime.
      readFile('/proc/self/status'),
      lookup('localhost'),
    ])
    await unpinNetns(pin)
  }
  // One round first, so that what is opened once is open.
  await Promise.all(namespaces.slice(0, 10).map((netns) => everything(netns, 0)))
  const before = { helper: await helper.stats(), agent: fdsOf(process.pid) }

  for (let round = 1; round <= 3; round++) {
    await Promise.all(namespaces.map((netns) => everything(netns, round)))
  }

  const after = await helper.stats()
  expect(after.pid).toBe(before.helper.pid) // it did not die and come back
  expect(threadsOf(process.pid).filter((netns) => netns !== own)).toEqual([])
  expect(threadsOf(after.pid).filter((netns) => netns !== own)).toEqual([])
  expect(threadsOf(after.pid)).toHaveLength(before.helper.threads)
  expect(after).toMatchObject({ foreignThreads: 0, inFlight: 0, openFds: before.helper.openFds })
  expect(fdsOf(process.pid)).toBe(before.agent)
  expect(after.rssBytes).toBeLessThan(200 * 1024 * 1024)
  expect(await listNetns(pins.path)).toEqual([])
})
