import { join } from 'node:path'

import { beforeAll, expect, test } from 'vitest'

import { captureWire, type Pod, readAccessLogs } from '@proxy/lab'
import { createTempDir, eventually, type TempDir } from '@proxy/testkit'

import { askEnvoy } from '../src/admin.ts'
import { type Authority, createAuthority } from '../src/authority.ts'
import { callFrom } from '../src/bookinfo.ts'
import { oursOn } from '../src/node-state.ts'
import { envoyOf } from '../src/processes.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'dir', withAgent: false })
const FIRST = 'spiffe://cluster.local/ns/istio-system/sa/default'
const SECOND = 'spiffe://cluster.local/ns/istio-system/sa/renewed'

let files: TempDir
let authority: Authority
let server: Pod

/** Adds a pod that calls the server once, and returns whom each side saw. */
async function peersSeenBy(name: string): Promise<readonly (string | null)[]> {
  const client = await node.lab.createPod({ name })
  await client.start()
  await callFrom(node.lab, client, server.ip, `/details/${name}`)
  const entries = await eventually(async () => {
    const logs = await readAccessLogs(node.lab.paths)
    const found = logs.filter(({ path }) => path === `/details/${name}`)
    if (found.length < 2) throw new Error(`${found.length} log lines so far`)
    return found
  })
  expect(await client.del()).toMatchObject({ exitCode: 0 })
  return entries.map(({ peerSpiffeId }) => peerSpiffeId)
}

beforeAll(async () => {
  files = await createTempDir('dir')
  authority = await createAuthority(join(files.path, 'authority'))
  const certs = join(files.path, 'certs')
  await authority.issueInto(certs, FIRST)
  await node.startAgent(['--identity-source', 'directory', '--identity-dir', certs])
  server = await node.lab.createPod({ name: 'details' })
  await server.start()
  await server.startApp('details')
  return () => files[Symbol.asyncDispose]()
})

test('pods speak mutual TLS with the certificate of the three files', async () => {
  const wire = await captureWire(node.lab, { port: 9080 })
  expect(await peersSeenBy('before')).toEqual([FIRST, FIRST])
  expect((await wire.stop()).map(({ kind }) => kind)).toEqual(['tls'])
})

test('replaced files reach a running sidecar', async () => {
  const before = await envoyOf(node.lab, server)
  await authority.issueInto(join(files.path, 'certs'), SECOND)
  await eventually(
    async () => {
      const loaded = await askEnvoy(node.lab, server, '/certs')
      if (!loaded.includes(SECOND)) throw new Error(`Envoy still has ${loaded}`)
    },
    { timeoutMs: 30_000 },
  )
  expect(await peersSeenBy('after')).toEqual([SECOND, SECOND])
  expect(await envoyOf(node.lab, server)).toEqual(before)
})

test('DEL leaves nothing of the key', async () => {
  expect(await server.del()).toMatchObject({ exitCode: 0 })
  expect(await oursOn(node.lab, [server])).toEqual({})
})
