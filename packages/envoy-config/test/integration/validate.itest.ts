import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createNetns, createTempDir, eventually, run, testDependencies } from '@proxy/testkit'
import { describe, expect, test } from 'vitest'
import {
  type OutboundConfig,
  outboundDiscovery,
  sidecarBootstrap,
  type SidecarConfig,
} from '../../src/index.ts'
import { minimal, outboundCases, sidecarCases } from '../cases.ts'

const { envoy } = testDependencies()

/** Puts everything a bootstrap names into a folder, with an identity of its own. */
async function materialise(
  directory: string,
  config: SidecarConfig,
  outbound: OutboundConfig,
): Promise<string> {
  const file = (name: string): string => join(directory, name)
  const made = await run([
    ...(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt'] as const),
    ...['ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=x'],
    ...['-addext', 'subjectAltName=URI:spiffe://cluster.local/ns/a/sa/b'],
    ...['-keyout', file('key.pem'), '-out', file('cert.pem')],
  ])
  expect(made.exitCode).toBe(0)
  const secret = (name: string, fields: object): string =>
    JSON.stringify({
      resources: [
        {
          '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
          name,
          ...fields,
        },
      ],
    })
  const certificate = { filename: file('cert.pem') }
  await writeFile(
    file('identity.json'),
    secret('workload-identity', {
      tls_certificate: {
        certificate_chain: certificate,
        private_key: { filename: file('key.pem') },
      },
    }),
  )
  await writeFile(
    file('trust-bundle.json'),
    secret('trust-bundle', { validation_context: { trusted_ca: certificate } }),
  )
  await writeFile(file('outbound.json'), JSON.stringify(outboundDiscovery(outbound)))
  await writeFile(
    file('bootstrap.json'),
    JSON.stringify(
      sidecarBootstrap({
        ...config,
        adminSocket: file('admin.sock'),
        sdsDirectory: directory,
        outboundListenerFile: file('outbound.json'),
        ...(config.accessLog?.startsWith('/') === true ? { accessLog: file('access.log') } : {}),
      }),
    ),
  )
  return file('bootstrap.json')
}

/** What Envoy complains about: none of it is expected. */
const complaints = (log: string): readonly string[] =>
  log
    .split('\n')
    .filter((line) => /\[(warning|error|critical)\]/.test(line))
    .filter((line) => !line.includes('caught ENVOY_SIGTERM'))

describe('the real Envoy', () => {
  test.for(Object.entries(sidecarCases))('accepts bootstrap %s', async ([, config]) => {
    await using temp = await createTempDir('ec')
    const bootstrap = await materialise(temp.path, config, {})
    const { exitCode, stderr } = await run([
      ...([envoy, '--mode', 'validate', '-c', bootstrap] as const),
      ...['--log-level', 'warning'],
    ])
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
  })

  test('refuses a bootstrap with one field it does not know', async () => {
    await using temp = await createTempDir('ec')
    const bootstrap = await materialise(temp.path, minimal, {})
    const broken = { ...sidecarBootstrap(minimal), admni: {} }
    await writeFile(bootstrap, JSON.stringify(broken))
    const { exitCode } = await run([envoy, '--mode', 'validate', '-c', bootstrap])
    expect(exitCode).not.toBe(0)
  })

  test.for(Object.entries(outboundCases))('goes live with outbound %s', async ([, outbound]) => {
    await using temp = await createTempDir('ec')
    await using netns = await createNetns('ec')
    const config: SidecarConfig = {
      ...minimal,
      ...(outbound.families === undefined ? {} : { families: outbound.families }),
    }
    const bootstrap = await materialise(temp.path, config, outbound)
    await using process = await netns.spawn([
      ...([envoy, '-c', bootstrap, '--disable-hot-restart', '--concurrency', '1'] as const),
      // The matcher of addresses is marked work in progress: one warning for each of its peers.
      ...['--log-level', 'warning', '--component-log-level', 'misc:error'],
    ])
    const admin = join(temp.path, 'admin.sock')
    const page = await eventually(async () => {
      const { stdout } = await run([
        ...(['curl', '-s', '--unix-socket', admin, 'http://x/ready'] as const),
      ])
      expect(stdout).toContain('LIVE')
      return run(['curl', '-s', '--unix-socket', admin, 'http://x/listeners'])
    })
    expect(page.stdout).toContain('outbound::')
    expect(page.stdout).toContain('inbound::')
    expect(complaints(process.output().stderr)).toEqual([])
  })

  test('shows metrics and health where asked, and nothing else of its admin', async () => {
    await using temp = await createTempDir('ec')
    await using netns = await createNetns('ec')
    const bootstrap = await materialise(temp.path, sidecarCases['everything']!, {})
    await using processes = new AsyncDisposableStack()
    processes.use(
      await netns.spawn([
        ...([envoy, '-c', bootstrap, '--disable-hot-restart', '--log-level', 'off'] as const),
      ]),
    )
    const get = async (...target: string[]): Promise<string> =>
      (await netns.run([...(['curl', '-s', '-g', '-w', ' %{http_code}'] as const), ...target]))
        .stdout
    await eventually(async () =>
      expect(await get('http://127.0.0.1:15021/healthz/ready')).toBe('LIVE\n 200'),
    )
    expect(await get('http://[::1]:15090/stats/prometheus')).toMatch(/envoy_server_live.* 200$/s)
    const closed = ['/quitquitquit', '/certs', '/stats', '/healthz/ready/', '/stats/prometheus/..']
    for (const path of closed) {
      for (const port of [15021, 15090]) {
        expect(await get('--path-as-is', `http://127.0.0.1:${port}${path}`)).toMatch(/ 404$/)
      }
    }
    expect(await get('-X', 'POST', 'http://127.0.0.1:15021/healthz/ready')).toMatch(/ 404$/)
    // A query is dropped: it could ask the admin for something else.
    expect(await get('http://127.0.0.1:15021/healthz/ready?x=1')).toBe('LIVE\n 200')
  })
})
