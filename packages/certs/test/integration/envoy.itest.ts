import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import {
  createTempDir,
  eventually,
  run,
  spawnIn,
  testDependencies,
  type TempDir,
} from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  builtInCa,
  directorySource,
  rotateIdentity,
  workloadSpiffeId,
  writeSdsFiles,
  type BuiltInCa,
  type WorkloadIdentity,
} from '../../src/index.ts'
import { writeFiles } from '../fixtures/certificates.ts'
import { envoyBootstrap } from '../fixtures/envoy-bootstrap.ts'

// For a busy machine: the wait ends as soon as it is answered.
const patience = { timeoutMs: 50_000 }
const uid = 1337
const gid = 1337
const reviews = workloadSpiffeId('cluster.local', 'default', 'reviews')
const ratings = workloadSpiffeId('cluster.local', 'default', 'ratings')
const now = (): Date => new Date()
let temp: TempDir
let ca: BuiltInCa
let home: string
let directory: string

beforeEach(async () => {
  temp = await createTempDir('envoy')
  await chmod(temp.path, 0o711)
  home = join(temp.path, 'sidecar')
  await mkdir(home, { mode: 0o700 })
  await chown(home, uid, gid)
  directory = join(home, 'sds')
  ca = await openCa('ca')
  await writeFile(join(temp.path, 'envoy.json'), envoyBootstrap(join(home, 'tls.sock'), directory))
})

afterEach(() => temp[Symbol.asyncDispose]())

function openCa(name: string): Promise<BuiltInCa> {
  return builtInCa({ stateDirectory: join(temp.path, name), trustDomain: 'cluster.local', now })
}

function envoy(...args: readonly string[]): [string, ...string[]] {
  return [
    ...(['setpriv', '--reuid=1337', '--regid=1337', '--clear-groups'] as const),
    ...[testDependencies().envoy, '-c', join(temp.path, 'envoy.json'), '--log-level', 'warn'],
    ...['--disable-hot-restart', '--concurrency', '1', ...args],
  ]
}

const write = (identity: WorkloadIdentity): Promise<void> =>
  writeSdsFiles({ directory, identity, uid, gid })

/** Shakes hands with Envoy; the answer, and the serial number of Envoy's leaf. */
async function call(client: WorkloadIdentity): Promise<{ text: string; serialNumber: string }> {
  const socket = connect({
    path: join(home, 'tls.sock'),
    cert: client.certificateChainPem,
    key: client.privateKeyPem,
    ca: client.trustBundlePem,
    checkServerIdentity: () => undefined,
  })
  try {
    await once(socket, 'secureConnect')
    const { serialNumber } = socket.getPeerCertificate()
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    return { text, serialNumber: serialNumber.toLowerCase() }
  } finally {
    socket.destroy()
  }
}

function expectAnswered(client: WorkloadIdentity, server: WorkloadIdentity): Promise<void> {
  const expected = { text: 'answered', serialNumber: server.serialNumber }
  return eventually(async () => expect(await call(client)).toEqual(expected), patience)
}

describe('the real Envoy', { timeout: 180_000 }, () => {
  test('validates a configuration with the files', async () => {
    await write(await ca.issue(reviews))
    const { exitCode, stderr } = await run(envoy('--mode', 'validate'))
    expect(stderr).not.toContain('error')
    expect(exitCode).toBe(0)
  })

  test('shakes hands with what is in the files, and refuses peers of another root', async () => {
    const server = await ca.issue(reviews)
    await write(server)
    await using running = await spawnIn(envoy())
    await expectAnswered(await ca.issue(ratings), server)
    const stranger = await (await openCa('other')).issue(ratings)
    const mixed = { ...stranger, privateKeyPem: stranger.privateKeyPem }
    const trusting = { ...mixed, trustBundlePem: server.trustBundlePem }
    const { text } = await call(trusting).catch(() => ({ text: 'refused' }))
    expect(['', 'refused']).toContain(text)
    expect(running.process.exitCode).toBeNull()
  })

  test('takes a rotation and a new root without a restart', async () => {
    const first = await ca.issue(reviews)
    await write(first)
    await using running = await spawnIn(envoy())
    const client = await ca.issue(ratings)
    await expectAnswered(client, first)
    const second = await ca.issue(reviews)
    await write(second)
    await expectAnswered(client, second)
    const other = await openCa('other')
    const third = await other.issue(reviews)
    await write(third)
    await expectAnswered(await other.issue(ratings), third)
    expect(running.process.exitCode).toBeNull()
  })

  test('is kept up to date by rotateIdentity from a directory that is replaced', async () => {
    const certs = join(temp.path, 'certs')
    const put = async ({
      certificateChainPem,
      privateKeyPem,
      trustBundlePem,
    }: WorkloadIdentity): Promise<void> => {
      const next = join(temp.path, 'next')
      await writeFiles(next, {
        chain: certificateChainPem,
        key: privateKeyPem,
        bundle: trustBundlePem,
      })
      await rm(join(temp.path, 'old'), { recursive: true, force: true })
      await rename(certs, join(temp.path, 'old')).catch(() => undefined)
      await rename(next, certs)
    }
    const first = await ca.issue(reviews)
    await put(first)
    const source = directorySource({ directory: certs, pollMs: 50, settleMs: 5, now })
    const current = await source.issue(reviews)
    await write(current)
    const controller = new AbortController()
    const failures: unknown[] = []
    const rotation = rotateIdentity({
      source,
      spiffeId: reviews,
      current,
      deliver: write,
      onFailure: ({ error }) => failures.push(error),
      now,
      random: Math.random,
      signal: controller.signal,
    })
    await using running = await spawnIn(envoy())
    const client = await ca.issue(ratings)
    await expectAnswered(client, first)
    const second = await ca.issue(reviews)
    await put(second)
    await expectAnswered(client, second)
    await writeFile(join(certs, 'key.pem'), 'garbage')
    await eventually(() => expect(failures).toHaveLength(1), patience)
    await expectAnswered(client, second)
    controller.abort()
    await rotation
    expect(running.process.exitCode).toBeNull()
    expect(failures).toMatchObject([{ code: 'pem-invalid', file: join(certs, 'key.pem') }])
    expect(new X509Certificate(current.certificateChainPem).subjectAltName).toBe(`URI:${reviews}`)
  })
})
