import { once } from 'node:events'
import { join } from 'node:path'
import { connect, createServer, type PeerCertificate, type Server, type TLSSocket } from 'node:tls'
import { createTempDir, type TempDir } from '@proxy/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  builtInCa,
  createWorkloadIdentity,
  workloadSpiffeId,
  type BuiltInCa,
  type WorkloadIdentity,
} from '../../src/index.ts'

let temp: TempDir
let ca: BuiltInCa
let server: Server
let socketPath: string
const idOf = (name: string): ReturnType<typeof workloadSpiffeId> =>
  workloadSpiffeId('cluster.local', 'default', name)

beforeAll(async () => {
  temp = await createTempDir('tls')
  ca = await openCa('ca')
  const reviews = await ca.issue(idOf('reviews'))
  server = createServer({ ...tlsOptions(reviews), requestCert: true, rejectUnauthorized: true })
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => undefined)
    socket.end(socket.getPeerCertificate().subjectaltname ?? 'nobody')
  })
  socketPath = join(temp.path, 'server.sock')
  server.listen(socketPath)
  await once(server, 'listening')
})

afterAll(async () => {
  server.close()
  await temp[Symbol.asyncDispose]()
})

function openCa(name: string): Promise<BuiltInCa> {
  const stateDirectory = join(temp.path, name)
  return builtInCa({ stateDirectory, trustDomain: 'cluster.local', now: () => new Date() })
}

function tlsOptions(identity: WorkloadIdentity): { cert: string; key: string; ca: string } {
  return {
    cert: identity.certificateChainPem,
    key: identity.privateKeyPem,
    ca: identity.trustBundlePem,
  }
}

interface Answer {
  readonly peer: PeerCertificate
  readonly text: string
}

async function call(identity: WorkloadIdentity): Promise<Answer> {
  const socket = connect({
    path: socketPath,
    ...tlsOptions(identity),
    checkServerIdentity: () => undefined,
  })
  await once(socket, 'secureConnect')
  const peer = socket.getPeerCertificate()
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return { peer, text }
}

describe('node:tls with both sides checked', () => {
  test('shakes hands, and each side sees the SPIFFE id of the other', async () => {
    const { peer, text } = await call(await ca.issue(idOf('ratings')))
    expect(peer.subjectaltname).toBe('URI:spiffe://cluster.local/ns/default/sa/reviews')
    expect(text).toBe('URI:spiffe://cluster.local/ns/default/sa/ratings')
  })

  test('refuses a client of another root that claims the same id', async () => {
    const stranger = await (await openCa('other')).issue(idOf('ratings'))
    const trusting = createWorkloadIdentity({
      ...stranger,
      privateKeyPem: stranger.privateKeyPem,
      trustBundlePem: await ca.trustBundle(),
    })
    const refused = once(server, 'tlsClientError')
    // With TLS 1.3 the client is through before the server has looked at its certificate.
    const { text } = await call(trusting).catch(() => ({ text: '' }))
    expect(text).toBe('')
    await refused
  })

  test('refuses a server of another root', async () => {
    const stranger = await (await openCa('third')).issue(idOf('ratings'))
    await expect(call(stranger)).rejects.toThrow(/unable to verify|self-signed|issuer/)
  })
})
