import { describe, expect, test } from 'vitest'

import { captureWire } from '@proxy/lab'

import { callFrom } from '../src/bookinfo.ts'
import { networkOn, oursOn, rulesIn } from '../src/node-state.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'backends', withAgent: false })

describe('the main path with rules by', () => {
  test.each([
    // Who wrote the rules, and how the kernel's own list shows it.
    ['nftables', /^table inet proxy_sidecar/m],
    ['iptables-nft', /^table ip nat/m],
    ['iptables-legacy', /^\*nat$/m],
  ])('%s', async (backend, shown) => {
    const { lab } = node
    await node.startAgent(['--redirect-backend', backend])
    const [server, client] = [
      await lab.createPod({ name: `details-${backend}` }),
      await lab.createPod({ name: `client-${backend}` }),
    ]
    const pods = [server, client]
    for (const pod of pods) await pod.start()
    await server.startApp('details')
    expect(await rulesIn(server)).toMatch(shown)

    const wire = await captureWire(lab, { port: 9080 })
    await callFrom(lab, client, server.ip, '/details/0')
    expect((await wire.stop()).map(({ kind }) => kind)).toEqual(['tls'])

    for (const pod of pods) expect(await pod.check()).toMatchObject({ exitCode: 0 })
    for (const pod of pods) expect(await pod.del()).toMatchObject({ exitCode: 0 })
    expect(await oursOn(lab, pods)).toEqual({})
    expect(await networkOn(lab)).toEqual({})
    for (const pod of pods) expect(await rulesIn(pod)).not.toMatch(/^-A|redirect|jump|REDIRECT/m)
    await node.agent.stop()
  })
})

test('a captured pod is moved when another back end is configured', async () => {
  const { lab } = node
  await node.startAgent(['--redirect-backend', 'nftables'])
  const [server, client] = [
    await lab.createPod({ name: 'details-moved' }),
    await lab.createPod({ name: 'client-moved' }),
  ]
  const pods = [server, client]
  for (const pod of pods) await pod.start()
  await server.startApp('details')

  for (const backend of ['iptables-legacy', 'nftables']) {
    await node.agent.stop()
    await node.startAgent(['--redirect-backend', backend])
    const rules = await rulesIn(server)
    expect(/^table inet proxy_sidecar/m.test(rules)).toBe(backend === 'nftables')
    expect(/^-A/m.test(rules)).toBe(backend === 'iptables-legacy')
    const wire = await captureWire(lab, { port: 9080 })
    await callFrom(lab, client, server.ip, `/details/${backend}`)
    expect((await wire.stop()).map(({ kind }) => kind)).not.toContain('plain')
    expect(await server.check()).toMatchObject({ exitCode: 0 })
  }
  for (const pod of pods) expect(await pod.del()).toMatchObject({ exitCode: 0 })
  expect(await oursOn(lab, pods)).toEqual({})
  await node.agent.stop()
})

test('captured pods are moved when other ports are configured', async () => {
  const { lab } = node
  await node.startAgent()
  const [server, client] = [
    await lab.createPod({ name: 'details-ports' }),
    await lab.createPod({ name: 'client-ports' }),
  ]
  const pods = [server, client]
  for (const pod of pods) await pod.start()
  await server.startApp('details')
  await node.agent.stop()

  await node.startAgent(['--inbound-port', '15106', '--outbound-port', '15101'])
  for (const pod of pods) expect(await pod.check()).toMatchObject({ exitCode: 0 })
  const { stdout } = await server.run(['ss', '-Hltn'])
  expect(stdout).toContain(':15106')
  expect(stdout).not.toContain(':15006')
  const wire = await captureWire(lab, { port: 9080 })
  await callFrom(lab, client, server.ip, '/details/0')
  expect((await wire.stop()).map(({ kind }) => kind)).toEqual(['tls'])
  for (const pod of pods) expect(await pod.del()).toMatchObject({ exitCode: 0 })
  expect(await oursOn(lab, pods)).toEqual({})
  await node.agent.stop()
})
