import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'

import {
  families,
  parseRedirectSpec,
  plan,
  renderIstioRestore,
  renderRestore,
} from '../../src/index.ts'
import { argumentsOf, runCommand } from '../support/command-io.ts'
import { istioCases, istioConfigOf } from '../support/istio-cases.ts'

const istio = ['render', '--backend', 'iptables-restore', '--compat', 'istio']

describe.each(Object.keys(istioCases))('%s', (name) => {
  const one = istioCases[name]!
  const { enableIpv6 } = istioConfigOf(name)

  test.for(families.filter((family) => family === 'ipv4' || enableIpv6))(
    'prints the golden file for %s',
    async (family) => {
      const args = [...istio, '--family', family, ...argumentsOf(one)]
      const { code, stdout, stderr, ran } = await runCommand(args, { env: one.env ?? {} })
      const golden = new URL(`../golden/istio/${name}.${family}.rules`, import.meta.url)
      expect({ code, stderr, ran }).toEqual({ code: 0, stderr: '', ran: [] })
      expect(stdout).toBe(await readFile(golden, 'utf8'))
    },
  )
})

describe('the letters of Istio', () => {
  const long = renderIstioRestore(istioConfigOf('other-ports-and-marks'), 'ipv4')
  test.for([
    [
      'apart',
      '-b * -d 15020,15021,15090 -o 15020 -i * -m TPROXY -p 25001 -z 25006 -e 25008 -t 4711 -r 233',
    ],
    [
      'with an equals sign',
      '-b=* -d=15020,15021,15090 -o=15020 -i=* -m=TPROXY -p=25001 -z=25006 -e=25008 -t=4711 -r=233',
    ],
    [
      'together',
      '-b* -d15020,15021,15090 -o15020 -i* -mTPROXY -p25001 -z25006 -e25008 -t4711 -r233',
    ],
  ])('%s', async ([, letters]) => {
    const { stdout } = await runCommand([...istio, '--family', 'ipv4', ...letters!.split(' ')])
    expect(stdout).toBe(long)
  })

  test('-o is for printing and for ports', async () => {
    const args = [...istio, '--family', 'ipv4', '-o', '15020', '-o', 'json']
    const { stdout } = await runCommand(args)
    const printed: unknown = JSON.parse(stdout)
    expect(printed).toMatchObject({ backend: 'iptables-restore', family: 'ipv4', form: 'istio' })
    expect(stdout).toContain('-A ISTIO_OUTPUT -p udp --dport 15020 -j RETURN')
  })

  test('what injected containers have as well is taken', async () => {
    const args = ['--log_output_level=default:info', '--log_as_json']
    expect(await runCommand([...istio, '--family', 'ipv4', ...args])).toMatchObject({ code: 0 })
  })
})

describe('our own form', () => {
  const spec = {
    families: ['ipv4'],
    excludeInboundPorts: [9090],
    includeOwnerGroups: [202],
    rerouteVirtualInterfaces: ['tap0'],
    dropInvalid: true,
    captureDns: ['10.0.0.10'],
    mode: 'TPROXY',
    tproxyTable: 7,
  }
  const more = ['--redirect-dns', '--dns-servers=10.0.0.10,fd00::10', '-m', 'TPROXY', '-r', '7']
  const text = renderRestore(plan(parseRedirectSpec(spec)), 'ipv4')

  test('of a specification on standard input', async () => {
    const stdin = JSON.stringify(spec)
    expect(await runCommand(['render', '--family', 'ipv4'], { stdin })).toMatchObject({
      code: 0,
      stdout: text,
    })
    expect(
      await runCommand(['render', '--family', 'ipv4', '--spec', '-'], { stdin }),
    ).toMatchObject({
      stdout: text,
    })
  })

  test('of a specification in a file, whatever variables say', async () => {
    const world = { files: { 'a.json': JSON.stringify(spec) }, env: { PROXY_UID: '7' } }
    expect(
      await runCommand(['render', '--family', 'ipv4', '--spec', 'a.json'], world),
    ).toMatchObject({
      code: 0,
      stdout: text,
    })
  })

  test('of flags and variables', async () => {
    const args = [
      'render',
      '--family=ipv4',
      '-b',
      '*',
      '-d',
      '9090,9090',
      '-i',
      '*',
      '-k',
      'tap0',
      '--drop-invalid',
      ...more,
    ]
    const env = { ISTIO_OUTBOUND_OWNER_GROUPS: '202' }
    expect(await runCommand(args, { env })).toMatchObject({ code: 0, stdout: text })
  })

  test('and the form of Istio say the same things with a specification', async () => {
    const stdin = JSON.stringify(spec)
    const given = await runCommand([...istio, '--family', 'ipv4'], { stdin })
    const args = [
      ...istio,
      '--family',
      'ipv4',
      '-b',
      '*',
      '-d',
      '9090',
      '-i',
      '*',
      '-k',
      'tap0',
      '--drop-invalid',
      ...more,
    ]
    const told = await runCommand(args, { env: { ISTIO_OUTBOUND_OWNER_GROUPS: '202' } })
    expect(given.code).toBe(0)
    expect(given.stdout).toBe(told.stdout)
  })

  test('says when a family has no rules', async () => {
    const found = await runCommand([...istio, '--family', 'ipv6', '-b', '*'])
    expect(found).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'proxy-iptables: ipv6 is not captured: there are no rules\n',
    })
  })
})

describe('refuses with code 2', () => {
  test.for([
    ['no input at all', ['--family', 'ipv4'], 'give a specification'],
    ['no family', ['-b', '*'], 'needs --family'],
    ['an unknown flag', ['--nonsense'], "unknown option '--nonsense'"],
    ['an unknown form', ['--compat', 'linkerd'], 'Allowed choices are istio'],
    ['two inputs', ['--family', 'ipv4', '--spec', 'a.json', '-p', '1'], 'cannot be given together'],
    ['a file that is not there', ['--family', 'ipv4', '--spec', 'b.json'], 'read b.json: ENOENT'],
    ['a file that is not JSON', ['--family', 'ipv4', '--spec', 'c.json'], 'is not JSON'],
    ['a wrong field', ['--family', 'ipv4', '--spec', 'd.json'], 'outboundPort 0: must be'],
    ['a wrong flag', ['--family', 'ipv4', '-p', '0'], '--envoy-port "0": must be'],
    [
      'a flag that is not supported',
      ['--family', 'ipv4', '--cni-mode'],
      '--cni-mode "true": is not supported',
    ],
    ['a name of a group', ['--family', 'ipv4', '-g', 'ftp'], '--proxy-gid "ftp": must be a number'],
    [
      'what Istio has not',
      ['--family=ipv4', '--compat=istio', '--spec', 'e.json'],
      'inboundSourceIpv4 "127.0.0.7": has no counterpart',
    ],
    [
      'only IPv6 in the form of Istio',
      ['--family=ipv4', '--compat=istio', '--spec', 'f.json'],
      'families ["ipv6"]: must have "ipv4"',
    ],
  ] as const)('%s', async ([, args, words]) => {
    const files = {
      'a.json': '{}',
      'c.json': 'port: 1',
      'd.json': '{"outboundPort":0}',
      'e.json': '{"inboundSourceIpv4":"127.0.0.7"}',
      'f.json': '{"families":["ipv6"]}',
    }
    const { code, stdout, stderr, ran } = await runCommand(['render', ...args], { files })
    expect(stderr).toContain(words)
    expect({ code, stdout, ran }).toEqual({ code: 2, stdout: '', ran: [] })
  })
})
