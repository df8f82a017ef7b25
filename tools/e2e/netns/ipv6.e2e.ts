import { beforeAll, expect, test } from 'vitest'

import { captureWire, type Pod, readAccessLogs } from '@proxy/lab'
import { eventually } from '@proxy/testkit'

import { callFrom, tryFrom } from '../src/bookinfo.ts'
import { networkOn, oursOn } from '../src/node-state.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'ipv6', dualStack: true })

let client: Pod
let server: Pod

beforeAll(async () => {
  const { lab } = node
  server = await lab.createPod({
    name: 'details',
    annotations: { 'sidecarctl.dev/mtls': 'strict' },
  })
  client = await lab.createPod({ name: 'client' })
  for (const pod of [server, client]) await pod.start()
  await server.startApp('details')
})

test('captured pods speak mutual TLS over either family', async () => {
  const { lab } = node
  const wire = await captureWire(lab, { port: 9080 })
  await callFrom(lab, client, server.ipv6, '/details/6')
  await callFrom(lab, client, server.ip, '/details/4')
  const connections = await wire.stop()
  expect(connections.map(({ server: at, kind }) => [at.startsWith('['), kind])).toEqual([
    [true, 'tls'],
    [false, 'tls'],
  ])
  await eventually(async () => {
    const logs = (await readAccessLogs(lab.paths)).filter(({ path }) => path === '/details/6')
    expect(logs.map(({ direction, tls }) => [direction, tls]).sort()).toEqual([
      ['inbound', 'TLSv1.3'],
      ['outbound', 'TLSv1.3'],
    ])
  })
})

test('a strict pod refuses plain requests over either family', async () => {
  const { lab } = node
  expect(await lab.request(server.ipv6, '/details/0')).toMatchObject({ exitCode: 1 })
  expect(await lab.request(server.ip, '/details/0')).toMatchObject({ exitCode: 1 })
  expect(await tryFrom(lab, client, server.ipv6, '/details/0')).toMatchObject({ exitCode: 0 })
})

test('CHECK finds nothing wrong, DEL leaves nothing', async () => {
  const { lab } = node
  for (const pod of [server, client]) expect(await pod.check()).toMatchObject({ exitCode: 0 })
  for (const pod of [server, client]) expect(await pod.del()).toMatchObject({ exitCode: 0 })
  expect(await oursOn(lab, [server, client])).toEqual({})
  expect(await networkOn(lab)).toEqual({})
})
