import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { printedError } from '../src/cni-error.ts'
import { networkOn, oursOn, rulesIn } from '../src/node-state.ts'
import { addAlone, callPlugin } from '../src/plugin.ts'
import { envoyOf, envoysOf } from '../src/processes.ts'
import { seededRandom } from '../src/seeded-random.ts'
import { useLab } from '../src/use-lab.ts'

const { node } = useLab({ name: 'garbage', plugin: { selection: 'annotation' } })
const SELECTED = { 'sidecarctl.dev/inject': 'true' }

function randomBytes(count: number, seed: number): Uint8Array {
  const random = seededRandom(seed)
  return Uint8Array.from({ length: count }, () => Math.floor(random() * 256))
}

describe('on standard input of the plugin', () => {
  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['half an object', '{"cniVersion":"1.0.0"'],
    ['an array', '[]'],
    ['null', 'null'],
    ['random bytes', randomBytes(4096, 1)],
    ['a configuration of a version that does not exist', '{"cniVersion":"9.9.9","name":"lab"}'],
    ['a name that is a path', '{"cniVersion":"1.0.0","name":"../../etc","type":"proxy-cni"}'],
    ['16 MiB', `{"cniVersion":"1.0.0","name":"${'x'.repeat(16 * 1024 * 1024)}"}`],
    ['a very deep object', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])('%s is answered with a CNI error', async (_, stdin) => {
    const pod = await node.lab.createPod({ name: 'stdin', annotations: SELECTED })
    const { code, msg } = printedError(await callPlugin(node.lab, { command: 'ADD', pod, stdin }))
    expect(code).toBeGreaterThan(0)
    expect(msg).not.toBe('')
    expect(await oursOn(node.lab, [pod])).toEqual({})
    await node.lab.run(['ip', 'netns', 'delete', pod.netnsName])
  })
})

describe('in annotations', () => {
  test.each([
    ['sidecarctl.dev/mtls', 'yes please'],
    ['sidecarctl.dev/service-account', '../../root'],
    ['sidecarctl.dev/fail-policy', ''],
    ['traffic.sidecar.istio.io/excludeOutboundIPRanges', '10.0.0.0/8; rm -rf /'],
    ['traffic.sidecar.istio.io/includeInboundPorts', '80,99999'],
    ['traffic.sidecar.istio.io/excludeInterfaces', 'eth0" drop'],
  ])('%s fails a selected pod by name and passes an unselected one', async (name, value) => {
    const { lab } = node
    const id = name.replaceAll(/[^a-z]/gi, '').toLowerCase()
    const annotations = { [name]: value }
    const selected = await lab.createPod({ name: id, annotations: { ...SELECTED, ...annotations } })
    const { code, msg } = printedError(await addAlone(lab, selected))
    expect(code).toBe(100)
    expect(msg).toContain(name)
    expect(await rulesIn(selected)).toBe('')

    const unselected = await lab.createPod({ name: `${id}-2`, annotations })
    expect(await unselected.add()).toMatchObject({ exitCode: 0 })
    for (const pod of [selected, unselected]) expect(await pod.del()).toMatchObject({ exitCode: 0 })
    expect(await oursOn(lab, [selected, unselected])).toEqual({})
    expect(await networkOn(lab)).toEqual({})
  })
})

describe('in the folders of the agent', () => {
  test('keeps neither it nor a pod from working', async () => {
    const { lab } = node
    const { runDir, sidecarDir, stateDir } = lab.paths
    const pod = await lab.createPod({ name: 'neighbour', annotations: SELECTED })
    await pod.start()
    const envoy = await envoyOf(lab, pod)
    await node.agent.stop()

    const bad = ['.hidden', 'with space', 'a'.repeat(200), 'x.json', '%2e%2e%2fetc.json', '-rf']
    const folders = [
      join(stateDir, 'journal'),
      join(stateDir, 'delete-queue'),
      join(runDir, 'netns'),
      join(sidecarDir, 'sidecars'),
      join(sidecarDir, 'records'),
    ]
    const made: string[] = []
    for (const folder of folders) {
      await mkdir(folder, { recursive: true })
      for (const name of bad) {
        made.push(join(folder, name), join(folder, `dir-${name}`))
        await writeFile(join(folder, name), '{"version":1,')
        await mkdir(join(folder, `dir-${name}`))
      }
    }
    await node.startAgent(['--reconcile-interval', '1s'])
    await sleep(2500) // two rounds of the reconcile loop
    expect(await pod.check()).toMatchObject({ exitCode: 0 })
    expect(await envoyOf(lab, pod)).toEqual(envoy)
    expect(await pod.del()).toMatchObject({ exitCode: 0 })
    await pod.start()
    expect(await pod.del()).toMatchObject({ exitCode: 0 })
    for (const path of made) await rm(path, { recursive: true, force: true })
    await rm(join(stateDir, 'journal'), { recursive: true })
    await node.agent.stop()
    await node.startAgent()
    expect(await oursOn(lab, [pod])).toEqual({})
  })
})

describe('on the socket of the agent', () => {
  /** A connection to the agent that has sent something; what comes back does not matter. */
  const sent = async (bytes: string | Uint8Array): Promise<Socket> => {
    const socket = connect(node.lab.paths.socket)
    socket.on('error', () => undefined)
    socket.resume()
    await once(socket, 'connect')
    socket.write(bytes)
    return socket
  }

  test('others are served meanwhile, and the agent lives', async () => {
    const { lab } = node
    const { pid } = node.agent
    const json = 'host: agent\r\ncontent-type: application/json\r\n'
    const sockets = await Promise.all([
      ...Array.from({ length: 20 }, (_, seed) => sent(randomBytes(2000, seed))),
      ...Array.from({ length: 20 }, () => sent(`POST /v1/add HTTP/1.1\r\n${json}`)),
      ...Array.from({ length: 20 }, () =>
        sent(`POST /v1/add HTTP/1.1\r\n${json}content-length: 500\r\n\r\n{"container`),
      ),
      sent(
        `POST /v1/add HTTP/1.1\r\n${json}content-length: 99999999\r\n\r\n${'x'.repeat(5_000_000)}`,
      ),
      sent(`POST /v1/add HTTP/1.1\r\n${json}content-length: 2\r\n\r\n{}`),
      sent(`GET /v1/../../etc/passwd HTTP/1.1\r\nhost: agent\r\n\r\n`),
      sent(
        `POST /v1/del HTTP/1.1\r\n${json}content-length: 29\r\n\r\n{"containerId":"../../state"}`,
      ),
    ])
    const pod = await lab.createPod({ name: 'served', annotations: SELECTED })
    await pod.start()
    expect(await envoysOf(lab, pod)).toHaveLength(1)
    expect(await pod.check()).toMatchObject({ exitCode: 0 })
    for (const socket of sockets) socket.destroy()
    expect(await pod.del()).toMatchObject({ exitCode: 0 })
    expect(await oursOn(lab, [pod])).toEqual({})
    expect(node.agent.pid).toBe(pid)
    expect(process.kill(pid, 0)).toBe(true)
  })
})
