import { readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createTempDir, run } from '@proxy/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  isNetns,
  netnsIdentity,
  netnsOfPid,
  openNetns,
  ownNetns,
  sameNetns,
} from '../src/identity.ts'

const OWN = '/proc/self/ns/net'
let folder: Awaited<ReturnType<typeof createTempDir>>

beforeAll(async () => {
  folder = await createTempDir('netns-identity')
  writeFileSync(join(folder.path, 'file'), 'x')
  // A name that looks like what the kernel shows for a namespace.
  writeFileSync(join(folder.path, 'net:[4026531833]'), '')
  symlinkSync(join(folder.path, 'file'), join(folder.path, 'to-file'))
  symlinkSync(join(folder.path, 'loop'), join(folder.path, 'loop'))
  symlinkSync(OWN, join(folder.path, 'to-own'))
  await run(['mkfifo', join(folder.path, 'fifo')])
})
afterAll(() => folder[Symbol.asyncDispose]())

describe('netnsIdentity', () => {
  it('is what the kernel shows', () => {
    expect(readlinkSync(OWN)).toBe(`net:[${ownNetns().ino}]`)
  })

  it('is the same by pid, by path and through a link', () => {
    const all = [
      netnsIdentity(process.pid),
      netnsIdentity(OWN),
      netnsIdentity(join(folder.path, 'to-own')),
    ]
    expect(all.every((identity) => sameNetns(identity, ownNetns()))).toBe(true)
    expect(netnsOfPid(process.pid)).toBe(`/proc/${process.pid}/ns/net`)
  })

  it.for([
    ['file', 'not-a-netns'],
    ['net:[4026531833]', 'not-a-netns'],
    ['to-file', 'not-a-netns'],
    ['loop', 'not-a-netns'],
    ['fifo', 'not-a-netns'],
    ['', 'not-a-netns'],
    ['nothing', 'netns-gone'],
    ['file/below', 'netns-gone'],
    ['/proc/self/ns/mnt', 'not-a-netns'],
    ['/proc/self/ns/uts', 'not-a-netns'],
    ['/dev/null', 'not-a-netns'],
    ['relative', 'invalid-argument'],
  ] as const)('refuses %j with %s', ([name, code]) => {
    const path =
      name.startsWith('/') || code === 'invalid-argument' ? name : join(folder.path, name)
    expect(() => netnsIdentity(path)).toThrow(expect.objectContaining({ code }))
    expect(isNetns(path)).toBe(false)
  })

  it.for([
    [0, 'invalid-argument'],
    [-1, 'invalid-argument'],
    [1.5, 'invalid-argument'],
    [0x7fff_ffff, 'netns-gone'],
  ] as const)('refuses pid %s with %s', ([pid, code]) => {
    expect(() => netnsOfPid(pid)).toThrow(expect.objectContaining({ code }))
  })

  it('refuses a path with a zero byte', () => {
    expect(() => netnsIdentity('/proc/self/ns/net\0x')).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

describe('openNetns', () => {
  it('gives a path to the namespace while it is open, and may be closed twice', () => {
    const handle = openNetns(OWN)
    expect(sameNetns(netnsIdentity(handle.path), ownNetns())).toBe(true)
    handle.close()
    handle.close()
    expect(isNetns(handle.path)).toBe(false)
  })
})
