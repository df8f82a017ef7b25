import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import {
  createNetns,
  createTempDir,
  eventually,
  run,
  type Spawned,
  spawnIn,
  type TempDir,
} from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { isNetns, netnsIdentity, openNetns, ownNetns, sameNetns } from '../../src/identity.ts'
import { listNetns, pinNetns, unpinNetns } from '../../src/pin.ts'
import { preparePinDirectory, releasePinDirectory } from '../../src/pin-directory.ts'

let folder: TempDir
let pins: string
let pin: string

beforeEach(async () => {
  folder = await createTempDir('netns-pin')
  pins = join(folder.path, 'pins')
  pin = join(pins, 'pod-1')
})
afterEach(async () => {
  for (const { path } of await listNetns(pins)) await unpinNetns(path)
  releasePinDirectory(pins)
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  if (mounts.includes(folder.path)) throw new Error(`a mount is left: ${mounts}`)
  await folder[Symbol.asyncDispose]()
})

/** A process of its own mount namespace, made when what is pinned now is pinned. */
async function otherMounts(): Promise<Spawned> {
  const other = await spawnIn(['unshare', '--mount', '--propagation', 'slave', 'sleep', '600'])
  await eventually(async () => {
    const here = (await run(['readlink', '/proc/self/ns/mnt'])).stdout
    const there = (await run(['readlink', `/proc/${other.pid}/ns/mnt`])).stdout
    expect(there).not.toBe(here)
    expect(readFileSync(`/proc/${other.pid}/cmdline`, 'utf8')).toContain('sleep')
  })
  return other
}
const mountsOf = (pid: number): string => readFileSync(`/proc/${pid}/mountinfo`, 'utf8')

describe('a pin', () => {
  it('can be made, found, and removed, each again and again', async () => {
    await using netns = await createNetns('pin')
    const identity = netnsIdentity(netns.path)
    expect(await listNetns(pins)).toEqual([])
    for (let round = 0; round < 2; round++) {
      expect(await pinNetns(netns.path, pin)).toEqual({ name: 'pod-1', path: pin, identity })
      expect(await listNetns(pins)).toEqual([{ name: 'pod-1', path: pin, identity }])
    }
    expect(
      mountsOf(process.pid)
        .split('\n')
        .filter((line) => line.includes(`${pin} `)),
    ).toHaveLength(1)
    for (let round = 0; round < 2; round++) {
      await unpinNetns(pin)
      expect(await listNetns(pins)).toEqual([])
      expect(readdirSync(pins)).toEqual([])
    }
  })

  it('keeps the namespace alive when its first name and its processes are gone', async () => {
    const netns = await createNetns('pin')
    const identity = netnsIdentity(netns.path)
    await pinNetns(netns.path, pin)
    await netns.must('ip', 'link', 'add', 'br7', 'type', 'bridge')
    await netns[Symbol.asyncDispose]()
    expect(isNetns(netns.path)).toBe(false)
    expect(netnsIdentity(pin)).toEqual(identity)
    const { stdout } = await run(['nsenter', `--net=${pin}`, 'ip', '-o', 'link'])
    expect(stdout).toContain('br7')
  })

  it('can be made from the pid of a process inside, and from a handle', async () => {
    await using netns = await createNetns('pin')
    await using inside = await netns.spawn(['sleep', '600'])
    await eventually(() => expect(netnsIdentity(inside.pid)).toEqual(netnsIdentity(netns.path)))
    const pinned = await pinNetns(inside.pid, pin)
    expect(pinned.identity).toEqual(netnsIdentity(netns.path))
    const handle = openNetns(pin)
    expect((await pinNetns(handle.path, join(pins, 'pod-2'))).identity).toEqual(pinned.identity)
    handle.close()
  })

  it('is not replaced by another namespace', async () => {
    await using netns = await createNetns('pin')
    await pinNetns(netns.path, pin)
    await expect(pinNetns('/proc/self/ns/net', pin)).rejects.toMatchObject({ code: 'pin-conflict' })
    expect(sameNetns(netnsIdentity(pin), ownNetns())).toBe(false)
  })

  it('made by many at once is one mount', async () => {
    await using netns = await createNetns('pin')
    await Promise.all(Array.from({ length: 20 }, () => pinNetns(netns.path, pin)))
    expect(mountsOf(process.pid).split(pin)).toHaveLength(2)
    await Promise.all(Array.from({ length: 20 }, () => unpinNetns(pin)))
    expect(readdirSync(pins)).toEqual([])
  })

  it('is removed with all mounts that lie on it', async () => {
    await using netns = await createNetns('pin')
    await pinNetns(netns.path, pin)
    await run(['mount', '--bind', netns.path, pin])
    await unpinNetns(pin)
    expect(mountsOf(process.pid)).not.toContain(pin)
  })

  it('that was half made is listed, completed and removed', async () => {
    await using netns = await createNetns('pin')
    mkdirSync(pins)
    writeFileSync(pin, '')
    expect(await listNetns(pins)).toEqual([{ name: 'pod-1', path: pin, identity: undefined }])
    await pinNetns(netns.path, pin)
    expect((await listNetns(pins))[0]?.identity).toEqual(netnsIdentity(netns.path))
    await unpinNetns(pin)
    writeFileSync(pin, '')
    await unpinNetns(pin)
    expect(readdirSync(pins)).toEqual([])
  })
})

describe('what is not a pin', () => {
  it('is never overwritten or removed', async () => {
    preparePinDirectory(pins)
    writeFileSync(join(pins, 'file'), 'content')
    mkdirSync(join(pins, 'folder'))
    symlinkSync('/proc/self/ns/net', join(pins, 'link'))
    for (const name of ['file', 'folder', 'link']) {
      const path = join(pins, name)
      await expect(pinNetns('/proc/self/ns/net', path)).rejects.toMatchObject({
        code: 'pin-conflict',
      })
      await expect(unpinNetns(path)).rejects.toMatchObject({ code: 'pin-conflict' })
      expect(lstatSync(path)).toBeTruthy()
    }
    expect(await listNetns(pins)).toEqual([])
  })

  it('is a namespace of another kind, which stays mounted', async () => {
    preparePinDirectory(pins)
    const path = join(pins, 'uts')
    writeFileSync(path, '')
    await run(['mount', '--bind', '/proc/self/ns/uts', path])
    await expect(pinNetns('/proc/self/ns/net', path)).rejects.toMatchObject({
      code: 'pin-conflict',
    })
    await expect(unpinNetns(path)).rejects.toMatchObject({ code: 'pin-conflict' })
    await run(['umount', path])
  })

  it.for(['/etc', '/', 'pins/a', '/tmp/../tmp/a', '/tmp/a b', '/tmp/.hidden', '/tmp/a/'])(
    'is not made at %j',
    async (path) => {
      const expected = path === '/etc' ? 'pin-conflict' : 'invalid-argument'
      await expect(pinNetns('/proc/self/ns/net', path)).rejects.toMatchObject({ code: expected })
      await expect(unpinNetns(path)).rejects.toMatchObject({ code: expected })
    },
  )

  it('leaves no file behind when the source is no namespace', async () => {
    await expect(pinNetns('/etc/passwd', pin)).rejects.toMatchObject({ code: 'not-a-netns' })
    await expect(pinNetns('/proc/self/ns/gone', pin)).rejects.toMatchObject({ code: 'netns-gone' })
    expect(await listNetns(pins)).toEqual([])
  })
})

describe('a pin directory', () => {
  it('makes pins go away in the other mount namespaces, too', async () => {
    await using netns = await createNetns('pin')
    await pinNetns(netns.path, pin)
    await using other = await otherMounts()
    expect(mountsOf(other.pid)).toContain(`${pin} `)
    await unpinNetns(pin)
    expect(mountsOf(other.pid)).not.toContain(`${pin} `)
  })

  it('makes pins appear in them', async () => {
    await using netns = await createNetns('pin')
    preparePinDirectory(pins)
    await using other = await otherMounts()
    await pinNetns(netns.path, pin)
    expect(mountsOf(other.pid)).toContain(`${pin} `)
  })

  it('is prepared once, and released when nothing is in it', async () => {
    await using netns = await createNetns('pin')
    for (let round = 0; round < 2; round++) preparePinDirectory(pins)
    expect(mountsOf(process.pid).split(`${pins} `)).toHaveLength(3) // as root and as mount point
    await pinNetns(netns.path, pin)
    expect(() => releasePinDirectory(pins)).toThrow(
      expect.objectContaining({ code: 'pin-conflict' }),
    )
    expect(netnsIdentity(pin)).toEqual(netnsIdentity(netns.path))
    await unpinNetns(pin)
    for (let round = 0; round < 2; round++) releasePinDirectory(pins)
    expect(mountsOf(process.pid)).not.toContain(pins)
    releasePinDirectory(join(pins, 'never-there'))
  })

  it('is a folder for pins alone', () => {
    mkdirSync(pins)
    writeFileSync(join(pins, 'file'), 'content')
    for (const directory of [pins, '/']) {
      expect(() => preparePinDirectory(directory)).toThrow(
        expect.objectContaining({ code: 'pin-conflict' }),
      )
    }
    expect(mountsOf(process.pid)).not.toContain(pins)
  })

  it('that is a mount of somebody else stays mounted', async () => {
    mkdirSync(pins)
    await run(['mount', '-t', 'tmpfs', 'pxt', pins])
    releasePinDirectory(pins)
    expect(mountsOf(process.pid)).toContain(` ${pins} `)
    await run(['umount', pins])
  })
})
