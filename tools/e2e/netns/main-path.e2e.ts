import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type AccessLogEntry, captureWire, pairHops, type Pod, readAccessLogs } from '@proxy/lab'
import { eventually } from '@proxy/testkit'

import { type Bookinfo, callFrom, startBookinfo, tryFrom } from '../src/bookinfo.ts'
import { certificateOf } from '../src/certificate.ts'
import { networkOn, oursOn, rulesIn } from '../src/node-state.ts'
import { envoyOf, envoysOf, netnsOf, rightsOf } from '../src/processes.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({
  name: 'main',
  plugin: { selection: 'all', excludeNamespaces: ['kube-system', 'outside'] },
})

let pods: Bookinfo
let outside: Pod

beforeAll(async () => {
  const account = (name: string) => ({ 'sidecarctl.dev/service-account': name })
  pods = await startBookinfo(node.lab, {
    productpage: account('bookinfo-productpage'),
    reviews: account('bookinfo-reviews'),
    ratings: { 'sidecarctl.dev/mtls': 'strict' },
  })
  outside = await node.lab.createPod({ name: 'details', namespace: 'outside' })
  await outside.start()
  await outside.startApp('details')
})

/** Log lines appear some time after the answer; waits until a condition on them holds. */
function logs(
  least: number,
  which: (entry: AccessLogEntry) => boolean,
): Promise<readonly AccessLogEntry[]> {
  return eventually(async () => {
    const found = (await readAccessLogs(node.lab.paths)).filter(which)
    if (found.length < least) throw new Error(`${found.length} of ${least} log lines so far`)
    return found
  })
}

describe('a request to productpage', () => {
  test('is answered, seen by two Envoys on each hop, and TLS on the wire between pods', async () => {
    const { lab } = node
    const wire = await captureWire(lab, { port: 9080 })
    const { exitCode, stdout } = await lab.request(pods.productpage.ip, '/productpage')
    const connections = await wire.stop()

    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      details: { year: 1595 },
      reviews: [{ stars: 5 }, {}],
    })

    const entries = await logs(7, () => true)
    const hops = pairHops(entries).map(({ client, server }) => ({
      from: client.pod,
      to: server.pod,
      tls: [client.tls, server.tls],
      // Each side names the other, as its certificate says.
      caller: server.peerSpiffeId,
      called: client.peerSpiffeId,
    }))
    const id = (account: string): string => `spiffe://cluster.local/ns/default/sa/${account}`
    const [page, reviews, other] = [
      id('bookinfo-productpage'),
      id('bookinfo-reviews'),
      id('default'),
    ]
    const tls = ['TLSv1.3', 'TLSv1.3']
    expect(hops).toHaveLength(3)
    expect(hops).toEqual(
      expect.arrayContaining([
        { from: 'productpage', to: 'details', tls, caller: page, called: other },
        { from: 'productpage', to: 'reviews', tls, caller: page, called: reviews },
        { from: 'reviews', to: 'ratings', tls, caller: reviews, called: other },
      ]),
    )

    const fromNode = connections.filter(({ client }) => client.startsWith('10.88.0.1:'))
    const betweenPods = connections.filter((connection) => !fromNode.includes(connection))
    expect(fromNode.map(({ kind }) => kind)).toEqual(['plain'])
    expect(betweenPods.map(({ kind }) => kind)).toEqual(['tls', 'tls', 'tls'])
  })

  test('from a client without a proxy is plain, and logged as such', async () => {
    await callFrom(node.lab, outside, pods.details.ip, '/details/plain')
    const [entry] = await logs(1, ({ path }) => path === '/details/plain')
    expect(entry).toMatchObject({
      pod: 'details',
      direction: 'inbound',
      tls: null,
      peerSpiffeId: null,
    })
  })
})

test('a strict pod refuses plain requests and answers those of captured pods', async () => {
  const { lab } = node
  const plain = await tryFrom(lab, outside, pods.ratings.ip, '/ratings/0')
  expect(plain).toMatchObject({ exitCode: 1, stdout: '' })
  expect((await lab.request(pods.ratings.ip, '/ratings/0')).exitCode).toBe(1)
  expect(await callFrom(lab, pods.reviews, pods.ratings.ip, '/ratings/0')).toContain('Reviewer1')
})

test('a pod of an excluded namespace works and has nothing of ours', async () => {
  const { lab } = node
  expect(await envoysOf(lab, outside)).toEqual([])
  expect(await rulesIn(outside)).toBe('')
  expect((await lab.request(outside.ip, '/details/0')).exitCode).toBe(0)

  const wire = await captureWire(lab, { port: 9080 })
  await callFrom(lab, pods.productpage, outside.ip, '/details/0')
  // Connections of before, which Envoys keep for a while, may still say goodbye.
  const calls = (await wire.stop()).filter(({ server }) => server === `${outside.ip}:9080`)
  expect(calls.map(({ kind }) => kind)).toEqual(['plain'])
})

test('a sidecar is in the network namespace of its pod, without rights', async () => {
  const envoy = await envoyOf(node.lab, pods.details)
  const { stdout } = await pods.details.run(['readlink', '/proc/self/ns/net'])
  expect(await netnsOf(envoy.pid)).toBe(stdout.trim())
  expect(await rightsOf(envoy.pid)).toEqual({ uid: 1337, capabilities: 0n, noNewPrivs: true })
})

test('CHECK finds nothing wrong', async () => {
  for (const pod of [...Object.values(pods), outside]) {
    expect(await pod.check()).toMatchObject({ exitCode: 0 })
  }
})

describe('two replicas of one deployment', () => {
  const replicas: Pod[] = []

  beforeAll(async () => {
    for (const suffix of ['h2xlq', 'w9k4d']) {
      const pod = await node.lab.createPod({ name: `web-6f7b-${suffix}` })
      await pod.start()
      replicas.push(pod)
    }
  })
  afterAll(async () => {
    for (const pod of replicas) await pod.del()
  })

  test('have sidecars, folders and certificates of their own', async () => {
    const certificates = await Promise.all(
      replicas.map((pod) => certificateOf(node.lab.paths.sidecarDir, pod)),
    )
    const envoys = await Promise.all(replicas.map((pod) => envoyOf(node.lab, pod)))
    expect(new Set(envoys.map(({ pid }) => pid)).size).toBe(2)
    expect(new Set(certificates.map(({ serialNumber }) => serialNumber)).size).toBe(2)
    expect(new Set(certificates.map(({ publicKey }) => publicKey)).size).toBe(2)
    // One deployment, one service account: the same identity.
    const names = certificates.map(({ subjectAltName }) => subjectAltName)
    expect(names).toEqual(Array(2).fill('URI:spiffe://cluster.local/ns/default/sa/default'))
  })
})

test('DEL leaves nothing', async () => {
  const all = [...Object.values(pods), outside]
  for (const pod of all) expect(await pod.del()).toMatchObject({ exitCode: 0 })
  expect(await oursOn(node.lab, all)).toEqual({})
  expect(await networkOn(node.lab)).toEqual({})
  for (const pod of all) expect(await rulesIn(pod)).toBe('')
})
