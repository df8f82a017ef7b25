import { chmod, chown, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import {
  type AccessLogLine,
  outboundDiscovery,
  sidecarBootstrap,
  sidecarEnvironment,
  type SidecarConfig,
} from '@proxy/envoy-config'
import {
  connectNetns,
  createNetns,
  createTempDir,
  run,
  type Spawned,
  spawnIn,
  testDependencies,
  type TestNetns,
} from '@proxy/testkit'
import { ports } from '../fixtures/ports.ts'
import {
  processRuntime,
  type ProcessRuntimeOptions,
  type SidecarRuntime,
  type SidecarStatus,
} from '../../src/index.ts'

const UID = 1337
export const trustDomain = 'pxt.test'
const program = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}.ts`, import.meta.url))

/** One pod: a namespace on the test's bridge. */
export interface Pod {
  readonly name: string
  readonly netns: TestNetns
  readonly ipv4: string
  readonly ipv6: string
}

/** A node: pods on a bridge, a certificate authority, sidecars on demand. */
export interface World extends AsyncDisposable {
  readonly runtime: SidecarRuntime
  /** Namespace of the bridge, where all packets between pods pass. */
  readonly bridge: TestNetns
  /** Makes a pod, not captured. */
  pod(name: string): Promise<Pod>
  /** Writes its secrets, starts its Envoy, waits until ready, redirects its traffic. */
  capture(pod: Pod, options?: Partial<SidecarConfig>): Promise<SidecarStatus>
  /** Replaces the node's outbound listener file. */
  peers(pods: readonly Pod[], more?: readonly string[]): Promise<void>
  /** Replaces a pod's certificate. */
  writeSecrets(pod: Pod, spiffeId?: string): Promise<void>
  /** Starts the application in a pod. */
  serve(pod: Pod, host?: string): Promise<Spawned>
  /** Runs one conversation from a pod; the parsed output, or `{ error }`. */
  talk(from: Pod, kind: string, to: string, port: number, extra?: string): Promise<Answer>
  /** Starts a conversation that goes on. */
  hold(from: Pod, to: string, port: number): Promise<Spawned>
  /** The access log of a pod's sidecar, parsed. */
  accessLog(pod: Pod): Promise<readonly AccessLogLine[]>
  /** Runs while everything on the bridge is recorded; returns the bytes. */
  recorded(action: () => Promise<unknown>): Promise<Buffer>
}

/** Who a pod is by default. */
export const spiffeIdOf = (pod: Pod): string => `spiffe://${trustDomain}/ns/pxt/sa/${pod.name}`

/** What a conversation printed. */
type Answer = Record<string, unknown> | string

export async function createWorld(
  options: Pick<ProcessRuntimeOptions, 'maxOpenFiles'> = {},
): Promise<World> {
  const stack = new AsyncDisposableStack()
  try {
    return await build(stack, options)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function build(
  stack: AsyncDisposableStack,
  options: Pick<ProcessRuntimeOptions, 'maxOpenFiles'>,
): Promise<World> {
  const { envoy } = testDependencies()
  const temp = stack.use(await createTempDir('er'))
  await chmod(temp.path, 0o711)
  const ca = await authority(temp.path)
  const runtime = processRuntime({
    envoyPath: envoy,
    stateDirectory: join(temp.path, 's'),
    ...options,
  })
  const shared = await runtime.prepareShared()
  const families = ['ipv4', 'ipv6'] as const
  const outboundOptions = { families, rawPorts: [ports.raw] }
  const outboundFile = join(shared, 'outbound.json')
  let count = 0

  const bridge = stack.use(await createNetns('br'))
  await bridge.must('ip', 'link', 'add', 'br0', 'type', 'bridge')
  await bridge.must('ip', 'link', 'set', 'br0', 'up')

  const world: World = {
    runtime,
    bridge,
    async pod(name) {
      count += 1
      const netns = stack.use(await createNetns(name))
      const pod = { name, netns, ipv4: `10.99.0.${count}`, ipv6: `fd99::${count}` }
      await connectNetns(
        { netns: bridge, ifname: `p${count}`, addresses: [] },
        { netns, ifname: 'eth0', addresses: [`${pod.ipv4}/24`, `${pod.ipv6}/64`] },
      )
      await bridge.must('ip', 'link', 'set', `p${count}`, 'master', 'br0')
      return pod
    },
    async capture(pod, options = {}) {
      const paths = await runtime.prepare(pod.name)
      stack.defer(() => runtime.remove(pod.name))
      await world.writeSecrets(pod)
      const node = { pod: pod.name, namespace: 'pxt', containerId: pod.name }
      const status = await runtime.start({
        id: pod.name,
        netnsPath: pod.netns.path,
        environment: sidecarEnvironment(node),
        bootstrap: sidecarBootstrap({
          node,
          trustDomain,
          adminSocket: paths.adminSocket,
          sdsDirectory: paths.sds,
          outboundListenerFile: outboundFile,
          families: [...families],
          ...options,
        }),
      })
      await runtime.waitUntilReady(pod.name)
      await pod.netns.must('ip', 'address', 'add', '::6/128', 'dev', 'lo', 'nodad')
      await pod.netns.must('nft', redirection)
      return status
    },
    async peers(pods, more = []) {
      const list = [...pods.flatMap((pod) => [pod.ipv4, pod.ipv6]), ...more]
      await replace(
        outboundFile,
        JSON.stringify(
          outboundDiscovery({
            peers: list,
            version: String(performance.now()),
            ...outboundOptions,
          }),
        ),
      )
    },
    async writeSecrets(pod, spiffeId = spiffeIdOf(pod)) {
      const { sds } = runtime.paths(pod.name)
      const { certificate, key } = await ca.issue(spiffeId)
      const secret = (name: string, fields: object): string =>
        JSON.stringify({
          version_info: String(performance.now()),
          resources: [
            {
              '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
              name,
              ...fields,
            },
          ],
        })
      await replace(
        join(sds, 'identity.json'),
        secret('workload-identity', {
          tls_certificate: {
            certificate_chain: { inline_string: certificate },
            private_key: { inline_string: key },
          },
        }),
        UID,
      )
      await replace(
        join(sds, 'trust-bundle.json'),
        secret('trust-bundle', {
          validation_context: { trusted_ca: { inline_string: ca.certificate } },
        }),
        UID,
      )
    },
    async serve(pod, host = '::') {
      const server = stack.use(
        await pod.netns.spawn([
          ...([execPath, program('server'), host] as const),
          ...ca.application,
        ]),
      )
      await new Promise<void>((resolve, reject) => {
        server.process.stdout?.once('data', () => resolve())
        server.process.once('exit', () => reject(new Error(server.output().stderr)))
      })
      return server
    },
    async talk(from, kind, to, port, extra = '') {
      const { stdout, stderr } = await from.netns.run([
        ...([execPath, program('client')] as const),
        ...[kind, to, String(port), extra],
      ])
      if (stdout === '') throw new Error(stderr)
      return JSON.parse(stdout) as Answer
    },
    async hold(from, to, port) {
      return stack.use(
        await from.netns.spawn([execPath, program('client'), 'hold', to, String(port)]),
      )
    },
    async accessLog(pod) {
      const text = await readFile(runtime.paths(pod.name).accessLog, 'utf8')
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AccessLogLine)
    },
    async recorded(action) {
      const file = join(temp.path, `bridge-${performance.now()}.pcap`)
      const recorder = await spawnIn([
        ...(['nsenter', `--net=${bridge.path}`, '--', 'tcpdump'] as const),
        ...['-U', '--immediate-mode', '-i', 'br0', '-s', '0', '-w', file, '-Z', 'root'],
      ])
      await new Promise<void>((resolve, reject) => {
        recorder.process.stderr?.once('data', () => resolve())
        recorder.process.once('exit', () => reject(new Error(recorder.output().stderr)))
      })
      await action()
      const ended = new Promise((resolve) => recorder.process.once('exit', resolve))
      recorder.process.kill('SIGINT')
      await ended
      return readFile(file)
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
  await world.peers([])
  return world
}

/** What `@proxy/iptables` does in the product, as far as these tests need it. */
const redirection = `
add table inet pxt
add chain inet pxt out { type nat hook output priority -100; }
add rule inet pxt out oifname lo ip saddr 127.0.0.6 return
add rule inet pxt out oifname lo ip6 saddr ::6 return
add rule inet pxt out meta skuid ${UID} return
add rule inet pxt out oifname lo return
add rule inet pxt out meta l4proto tcp redirect to :15001
add chain inet pxt pre { type nat hook prerouting priority -100; }
add rule inet pxt pre meta l4proto tcp redirect to :15006
`
  .trim()
  .replaceAll('\n', '; ')

async function replace(path: string, text: string, uid?: number): Promise<void> {
  const temporary = `${path}.new`
  await writeFile(temporary, text, { mode: uid === undefined ? 0o644 : 0o400 })
  if (uid !== undefined) await chown(temporary, uid, uid)
  await rename(temporary, path)
}

interface Authority {
  readonly certificate: string
  /** Certificate and key files of an application's own TLS, by another authority. */
  readonly application: readonly [string, string]
  issue(uri: string): Promise<{ certificate: string; key: string }>
}

async function authority(directory: string): Promise<Authority> {
  const openssl = async (...argv: string[]): Promise<void> => {
    const { exitCode, stderr } = await run(['openssl', ...argv])
    if (exitCode !== 0) throw new Error(stderr)
  }
  const file = (name: string): string => join(directory, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const selfSigned = async (name: string, subject: string): Promise<void> =>
    openssl(
      ...['req', '-x509', ...key, '-days', '2', '-subj', subject],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)],
    )
  await selfSigned('ca', '/CN=pxt ca')
  await selfSigned('app', '/CN=the-application')
  await chmod(file('app.key'), 0o644)
  let count = 0
  return {
    certificate: await readFile(file('ca.pem'), 'utf8'),
    application: [file('app.pem'), file('app.key')],
    async issue(uri) {
      count += 1
      const name = `leaf-${count}`
      await writeFile(file(`${name}.ext`), `subjectAltName=critical,URI:${uri}\n`)
      await openssl(
        ...['req', '-new', ...key, '-subj', '/'],
        ...['-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)],
      )
      await openssl(
        ...['x509', '-req', '-in', file(`${name}.csr`), '-days', '1'],
        ...['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'],
        ...['-extfile', file(`${name}.ext`), '-out', file(`${name}.pem`)],
      )
      return {
        certificate: await readFile(file(`${name}.pem`), 'utf8'),
        key: await readFile(file(`${name}.key`), 'utf8'),
      }
    },
  }
}
