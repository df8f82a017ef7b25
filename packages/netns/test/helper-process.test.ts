import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type NetnsHelper } from '../src/netns-helper.ts'
import { startNetnsHelper } from '../src/start-helper.ts'

const OWN = '/proc/self/ns/net'

/** What works for every user: the namespace the program is in already. */
describe('the helper, in its own namespace', () => {
  let helper: NetnsHelper
  beforeAll(async () => {
    helper = await startNetnsHelper()
  })
  afterAll(() => helper.close())

  it('is another process in the same namespace', async () => {
    expect(await helper.stats()).toMatchObject({ pid: helper.pid, foreignThreads: 0, inFlight: 0 })
    expect(helper.pid).not.toBe(process.pid)
  })

  it('answers by path and by pid', async () => {
    const byPath = await helper.links(OWN)
    expect(byPath.map(({ name }) => name)).toContain('lo')
    expect(await helper.links(process.pid)).toEqual(byPath)
    expect((await helper.addresses(OWN)).map(({ address }) => address)).toContain('127.0.0.1')
    expect(await helper.sysctl.get(OWN, 'net.ipv4.ip_forward')).toMatch(/^[01]$/)
  })

  it('refuses what is no namespace before anything is asked', async () => {
    for (const [source, code] of [
      ['/etc/passwd', 'not-a-netns'],
      ['/nowhere', 'netns-gone'],
      ['relative', 'invalid-argument'],
    ] as const) {
      expect(() => helper.netlink(source, 'route')).toThrow(expect.objectContaining({ code }))
      await expect(helper.links(source)).rejects.toMatchObject({ code })
      await expect(helper.sysctl.get(source, 'net.ipv4.ip_forward')).rejects.toMatchObject({ code })
    }
  })

  it('takes no call whose signal was raised before', async () => {
    const reason = new Error('why')
    const signal = AbortSignal.abort(reason)
    for (const asked of [
      () => helper.links(OWN, { signal }),
      () => helper.stats({ signal }),
      () => helper.sysctl.get(OWN, 'net.ipv4.ip_forward', { signal }),
      () => helper.commandRunner(OWN).run(['true'], '', { signal }),
    ]) {
      await expect(asked()).rejects.toMatchObject({ code: 'aborted', cause: reason })
    }
  })
})
