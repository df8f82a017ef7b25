import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { run } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  directorySource,
  parseSpiffeId,
  type DirectorySourceOptions,
  type IdentitySource,
} from '../src/index.ts'
import { at, makeFiles, makeRoot, reviews, swapData, writeFiles } from './fixtures/certificates.ts'
import { codeOf, Events } from './fixtures/events.ts'

const id = parseSpiffeId(reviews)
let base: string
let directory: string
let events: Events | undefined

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pxt-certs-'))
  directory = join(base, 'certs')
})

afterEach(async () => {
  await events?.end()
  events = undefined
  await rm(base, { recursive: true, force: true })
})

function source(options: Partial<DirectorySourceOptions> = {}): IdentitySource {
  return directorySource({ directory, now: () => at, pollMs: 20, settleMs: 1, ...options })
}

async function failure(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await promise
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('nothing was thrown')
}

describe('issue', () => {
  test('hands out what is in the files', async () => {
    const files = await makeFiles()
    await writeFiles(directory, files)
    const identity = await source().issue(id)
    expect(identity).toMatchObject({ spiffeId: reviews, certificateChainPem: files.chain })
    expect(identity.privateKeyPem).toBe(files.key)
    expect(await source().trustBundle()).toBe(files.bundle)
  })

  test('takes the layout of a Kubernetes volume', async () => {
    const files = await makeFiles()
    await mkdir(directory)
    await swapData(directory, '2030_01_01', files)
    expect((await source().issue(id)).certificateChainPem).toBe(files.chain)
  })

  test('takes a link in place of the directory', async () => {
    await writeFiles(join(base, 'real'), await makeFiles())
    await symlink('real', directory)
    expect((await source().issue(id)).spiffeId).toBe(reviews)
  })

  test('refuses an id that is not in the certificate, unless it is shared', async () => {
    await writeFiles(directory, await makeFiles())
    const other = parseSpiffeId('spiffe://cluster.local/ns/default/sa/ratings')
    const error = await failure(source().issue(other))
    expect(error.code).toBe('identity-mismatch')
    expect(error.message).toContain(directory)
    expect((await source({ shared: true }).issue(other)).spiffeId).toBe(reviews)
  })

  test('names the file that is missing', async () => {
    await writeFiles(directory, await makeFiles())
    for (const name of ['cert-chain.pem', 'key.pem', 'root-cert.pem']) {
      await rename(join(directory, name), join(base, 'away'))
      const error = await failure(source().issue(id))
      expect(error).toMatchObject({ code: 'file-missing', file: join(directory, name) })
      await rename(join(base, 'away'), join(directory, name))
    }
  })

  test('refuses a FIFO without waiting for a writer, a directory and a device', async () => {
    const key = join(directory, 'key.pem')
    await writeFiles(directory, await makeFiles())
    await rm(key)
    await run(['mkfifo', key])
    expect((await failure(source().issue(id))).code).toBe('file-not-regular')
    await rm(key)
    await mkdir(key)
    expect((await failure(source().issue(id))).code).toBe('file-not-regular')
    await rm(key, { recursive: true })
    await symlink('/dev/zero', key)
    expect((await failure(source().issue(id))).code).toBe('file-not-regular')
  })

  test('refuses files that are too large, the sparse ones too', async () => {
    for (const name of ['cert-chain.pem', 'key.pem', 'root-cert.pem']) {
      await writeFiles(directory, await makeFiles())
      await truncate(join(directory, name), 8 * 1024 ** 3)
      const error = await failure(source().issue(id))
      expect(error).toMatchObject({ code: 'file-too-large', file: join(directory, name) })
    }
  })

  test('refuses a file that everybody may write to', async () => {
    await writeFiles(directory, await makeFiles())
    await chmod(join(directory, 'key.pem'), 0o666)
    expect((await failure(source().issue(id))).code).toBe('file-insecure')
  })

  test('refuses a loop of links', async () => {
    await writeFiles(directory, await makeFiles())
    await rm(join(directory, 'key.pem'))
    await symlink('key.pem', join(directory, 'key.pem'))
    expect((await failure(source().issue(id))).code).toBe('file-not-regular')
  })

  test('keeps the good identity when new files are bad, until it expires', async () => {
    const files = await makeFiles()
    await writeFiles(directory, files)
    let now = at
    const kept = source({ now: () => now })
    await kept.issue(id)
    await writeFile(join(directory, 'key.pem'), 'garbage')
    expect((await kept.issue(id)).certificateChainPem).toBe(files.chain)
    expect(await kept.trustBundle()).toBe(files.bundle)
    now = new Date(at.getTime() + 3_600_001)
    expect((await failure(kept.issue(id))).code).toBe('pem-invalid')
  })

  test('takes new files without a watch', async () => {
    await writeFiles(directory, await makeFiles())
    const asked = source()
    await asked.issue(id)
    const next = await makeFiles()
    await writeFiles(directory, next)
    expect((await asked.issue(id)).certificateChainPem).toBe(next.chain)
  })

  test('does nothing when the signal has aborted', async () => {
    await writeFiles(directory, await makeFiles())
    const signal = AbortSignal.abort(new Error('stopped'))
    await expect(source().issue(id, { signal })).rejects.toThrow('stopped')
  })

  test('never mixes two generations that are swapped while it reads', async () => {
    const contents = [await makeFiles(), await makeFiles()] as const
    await mkdir(directory)
    await swapData(directory, 'first', contents[1])
    const generations = Array.from({ length: 300 }, (_, turn) => `..turn${turn}`)
    for (const [turn, name] of generations.entries()) {
      await writeFiles(join(directory, name), contents[turn % 2] ?? contents[0])
    }
    const read = async (): Promise<unknown> => {
      try {
        // A source of its own each time: none has a good identity to fall back on.
        const identity = await source().issue(id)
        const { certificateChainPem: chain, privateKeyPem: key, trustBundlePem: bundle } = identity
        return contents.some((files) => isDeepStrictEqual(files, { chain, key, bundle }))
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    for (const name of generations) {
      const outcome = read()
      await symlink(name, join(directory, '..next'))
      await rename(join(directory, '..next'), join(directory, '..data'))
      expect([true, 'files-changing']).toContain(await outcome)
    }
  })
})

describe('watch', () => {
  const updated = (event: { kind: string }): boolean => event.kind === 'updated'

  async function watched(pollMs: number): Promise<IdentitySource> {
    const asked = source({ pollMs })
    await asked.issue(id)
    events = new Events(asked)
    await events.until(updated)
    events.seen.length = 0
    return asked
  }

  // Two hours: only an event of the kernel can be the reason. 20 ms: no event is needed.
  test.for([{ pollMs: 7_200_000 }, { pollMs: 20 }])(
    'reports files replaced by a rename (pollMs $pollMs)',
    async ({ pollMs }) => {
      const root = await makeRoot()
      await writeFiles(directory, await makeFiles(root))
      const asked = await watched(pollMs)
      const next = await makeFiles(root)
      await writeFiles(join(base, 'next'), next)
      for (const name of ['cert-chain.pem', 'key.pem', 'root-cert.pem']) {
        await rename(join(base, 'next', name), join(directory, name))
      }
      await events?.until(updated)
      expect((await asked.issue(id)).certificateChainPem).toBe(next.chain)
    },
  )

  test.for([{ pollMs: 7_200_000 }, { pollMs: 20 }])(
    'reports a swap of ..data (pollMs $pollMs)',
    async ({ pollMs }) => {
      await mkdir(directory)
      await swapData(directory, 'one', await makeFiles())
      const asked = await watched(pollMs)
      const next = await makeFiles()
      await writeFiles(join(directory, '..two'), next)
      await symlink('..two', join(directory, '..data_tmp'))
      await rename(join(directory, '..data_tmp'), join(directory, '..data'))
      await events?.until(updated)
      expect((await asked.issue(id)).certificateChainPem).toBe(next.chain)
    },
  )

  test('reports a torn update, keeps the old identity, and takes the rest when it comes', async () => {
    const root = await makeRoot()
    const old = await makeFiles(root)
    await writeFiles(directory, old)
    const asked = await watched(20)
    const next = await makeFiles(root)
    await writeFile(join(directory, 'cert-chain.pem'), next.chain.slice(0, 200))
    await events?.until((event) => codeOf(event) === 'pem-invalid')
    expect((await asked.issue(id)).certificateChainPem).toBe(old.chain)
    await writeFile(join(directory, 'cert-chain.pem'), next.chain)
    await events?.until((event) => codeOf(event) === 'key-mismatch')
    expect((await asked.issue(id)).certificateChainPem).toBe(old.chain)
    expect(events?.seen.some(updated)).toBe(false)
    await writeFile(join(directory, 'key.pem'), next.key)
    await events?.until(updated)
    expect((await asked.issue(id)).certificateChainPem).toBe(next.chain)
  })

  test('reports one failure once, however often it is asked', async () => {
    await writeFiles(directory, await makeFiles())
    const asked = await watched(20)
    await writeFile(join(directory, 'key.pem'), '')
    await events?.until((event) => codeOf(event) === 'pem-invalid')
    for (let turn = 0; turn < 5; turn++) await asked.issue(id)
    expect(events?.seen).toHaveLength(1)
  })

  test('waits for a directory that is not there yet', async () => {
    const asked = source()
    events = new Events(asked)
    await events.until((event) => codeOf(event) === 'file-missing')
    await writeFiles(directory, await makeFiles())
    await events.until(updated)
    expect((await asked.issue(id)).spiffeId).toBe(reviews)
  })

  test('follows a directory that is replaced as a whole', async () => {
    await writeFiles(directory, await makeFiles())
    const asked = await watched(20)
    const next = await makeFiles()
    await writeFiles(join(base, 'next'), next)
    await rename(directory, join(base, 'old'))
    await rename(join(base, 'next'), directory)
    await events?.until(updated)
    expect((await asked.issue(id)).certificateChainPem).toBe(next.chain)
  })

  test('tells a second watcher, who came after the change, to ask again', async () => {
    await writeFiles(directory, await makeFiles())
    const asked = await watched(20)
    await writeFiles(directory, await makeFiles())
    await events?.until(updated)
    const second = new Events(asked)
    await second.until(updated)
    await second.end()
    expect(second.seen.map(({ kind }) => kind)).toEqual(['updated'])
  })
})
