import { describe, expect, test } from 'vitest'

import {
  IptablesError,
  istioFlags,
  istioSettings,
  type IstioSurroundings,
  parseIstioConfig,
} from '../../src/index.ts'

type Texts = Readonly<Record<string, string>>

function configOf(
  flags: Texts = {},
  env: Texts = {},
  around: IstioSurroundings = {},
): ReturnType<typeof parseIstioConfig> {
  return parseIstioConfig(istioSettings(flags, env), around)
}

/** What is said about a wrong input: who, and what is allowed. */
function faultsOf(flags: Texts, env: Texts = {}): readonly string[] {
  try {
    configOf(flags, env)
  } catch (error) {
    if (!(error instanceof IptablesError)) throw error
    expect(error.code).toBe('spec-invalid')
    return error.issues.map(({ path, message }) => `${path} ${message}`)
  }
  return []
}

test('without flags it is what istio-iptables takes by itself', () => {
  expect(configOf()).toEqual({
    enableIpv6: false,
    mode: 'REDIRECT',
    outboundPort: 15_001,
    inboundPort: 15_006,
    tunnelPort: 15_008,
    proxyUids: ['1337'],
    proxyGids: ['1337'],
    tproxyMark: 1337,
    tproxyRouteTable: 133,
    includeInboundPorts: undefined,
    excludeInboundPorts: [],
    includeOutboundPorts: [],
    excludeOutboundPorts: [],
    includeOutboundCidrs: [],
    excludeOutboundCidrs: [],
    excludeInterfaces: [],
    virtualInterfaces: [],
    includeOwnerGroups: '*',
    excludeOwnerGroups: [],
    redirectDns: false,
    captureAllDns: false,
    dnsServers: [],
    dropInvalid: false,
    loopbackCidr: '127.0.0.1/32',
  })
})

/** Flags that a configuration is made of; the others are the command's. */
const understood = istioFlags
  .filter((flag) => (flag.variableOnly ?? flag.isAction) !== true && flag.refused === undefined)
  .map(({ name }) => name)

describe('who says it', () => {
  test('a flag wins over a variable, also when it is empty', () => {
    const env = { INBOUND_CAPTURE_PORT: '1', ISTIO_INBOUND_PORTS: '80' }
    const config = configOf({ 'inbound-capture-port': '2', 'istio-inbound-ports': '' }, env)
    expect(config).toMatchObject({ inboundPort: 2, includeInboundPorts: undefined })
    expect(configOf({}, env)).toMatchObject({ inboundPort: 1, includeInboundPorts: [80] })
  })

  test('the variable of other components wins over the one named like the flag', () => {
    expect(configOf({}, { REDIRECT_DNS: 'false', ISTIO_META_DNS_CAPTURE: 'true' })).toMatchObject({
      redirectDns: true,
    })
    expect(configOf({}, { DROP_INVALID: 'T' }).dropInvalid).toBe(true)
  })

  test('what has variables only is not taken from a flag of that name', () => {
    expect(configOf({ 'outbound-owner-groups': 'x' }).includeOwnerGroups).toBe('*')
  })

  test('the port for outbound has no variable, as in istio-iptables', () => {
    expect(configOf({}, { ENVOY_PORT: '1' }).outboundPort).toBe(15_001)
  })
})

describe('lists', () => {
  test('keep order and repetition, and leave empty entries out', () => {
    expect(configOf({ 'istio-inbound-ports': ' 2, 1,2,,' }).includeInboundPorts).toEqual([2, 1, 2])
  })

  test('of commas only is a list without entries, not nothing', () => {
    expect(configOf({ 'istio-inbound-ports': ',' }).includeInboundPorts).toEqual([])
  })

  test('of blocks keep host bits, and write addresses in one way', () => {
    expect(configOf({ 'istio-service-cidr': '10.1.2.3/8,FD00:0::1/8' })).toMatchObject({
      includeOutboundCidrs: ['10.1.2.3/8', 'fd00::1/8'],
    })
  })

  test('of groups may be empty, which is not the same as all', () => {
    expect(configOf({}, { ISTIO_OUTBOUND_OWNER_GROUPS: '' }).includeOwnerGroups).toEqual([])
  })

  test('of owners are numbers, ranges and names', () => {
    expect(configOf({ 'proxy-uid': '0,5-9,istio-proxy' })).toMatchObject({
      proxyUids: ['0', '5-9', 'istio-proxy'],
      proxyGids: ['0', '5-9', 'istio-proxy'],
    })
  })
})

describe('IPv6', () => {
  const ipv4First = { addresses: ['127.0.0.1', '::1', 'fe80::1', '10.0.0.7', 'fd00::7'] }
  const ipv6First = { addresses: ['fd00::7', '10.0.0.7'] }
  test.for([
    ['the first address that others can reach is of IPv4', {}, ipv4First, false],
    ['any address, in dual stack', { 'dual-stack': 'true' }, ipv4First, true],
    ['the first address is of IPv6', {}, ipv6First, true],
    [
      'dual stack without an address of IPv6',
      { 'dual-stack': '1' },
      { addresses: ['10.0.0.7'] },
      false,
    ],
    ['nothing is known', {}, {}, false],
    ['nothing is known but dual stack', { 'dual-stack': 'true' }, {}, true],
    ['stated', { 'enable-ipv6': 'true' }, ipv4First, true],
    ['stated the other way', { 'enable-ipv6': 'false', 'dual-stack': 'true' }, ipv6First, false],
    ['stated by address', { 'host-ip': 'fd00::9' }, ipv4First, true],
    ['stated by address of IPv4', { 'host-ip': '10.0.0.9' }, ipv6First, false],
  ] as const)('%s', ([, flags, around, expected]) => {
    expect(configOf(flags, {}, around).enableIpv6).toBe(expected)
  })
})

test('what is stated wins over what was found', () => {
  const around = { dnsServers: ['10.0.0.10'], proxyUid: '7' }
  expect(configOf({}, {}, around)).toMatchObject({
    dnsServers: ['10.0.0.10'],
    proxyUids: ['7'],
    proxyGids: ['7'],
  })
  expect(configOf({ 'dns-servers': '', 'proxy-uid': '8' }, {}, around)).toMatchObject({
    dnsServers: [],
    proxyUids: ['8'],
    proxyGids: ['8'],
  })
})

describe('refuses', () => {
  test.for([
    ['envoy-port', '0', 'must be a whole number from 1 to 65535'],
    ['envoy-port', '0x10', 'must be a whole number from 1 to 65535'],
    ['inbound-tunnel-port', '65536', 'must be a whole number from 1 to 65535'],
    ['istio-inbound-interception-mode', 'NONE', 'must be REDIRECT or TPROXY'],
    [
      'istio-inbound-ports',
      '80,*',
      'entry "*" must be a whole number from 0 to 65535; * stands alone',
    ],
    ['istio-local-exclude-ports', '*', 'entry "*" must be a whole number from 0 to 65535'],
    ['istio-outbound-ports', '80:90', 'entry "80:90" must be a whole number from 0 to 65535'],
    [
      'istio-service-cidr',
      '10.0.0.1',
      'entry "10.0.0.1" must be a CIDR such as 10.0.0.0/8 or fd00::/8 (for one address, add /32 or /128)',
    ],
    ['istio-service-exclude-cidr', '*', 'entry "*" must be a CIDR such as 10.0.0.0/8 or fd00::/8'],
    [
      'kube-virt-interfaces',
      'a2345678901234567',
      'entry "a2345678901234567" must be the name of an interface: 1 to 15 letters, digits or . _ - @',
    ],
    [
      'istio-exclude-interfaces',
      'a b',
      'entry "a b" must be the name of an interface: 1 to 15 letters, digits or . _ - @',
    ],
    [
      'proxy-uid',
      '4294967295',
      'entry "4294967295" must be a number from 0 to 4294967294, a range such as 1-99, or a name',
    ],
    [
      'proxy-gid',
      '9-1',
      'entry "9-1" must be a number from 0 to 4294967294, a range such as 1-99, or a name',
    ],
    ['proxy-gid', ',', 'must have at least one entry'],
    ['istio-inbound-tproxy-mark', '0', 'must be a whole number from 1 to 4294967295'],
    ['redirect-dns', 'yes', 'must be true or false'],
    [
      'dns-servers',
      '10.0.0.0/8',
      'entry "10.0.0.0/8" must be an address such as 10.0.0.10 or fd00::10',
    ],
    ['host-ip', 'localhost', 'entry "localhost" must be an address such as 10.0.0.10 or fd00::10'],
  ])('--%s %s', ([flag, text, words]) => {
    expect(faultsOf({ [flag!]: text! })).toEqual([`--${flag} ${words}`])
  })

  test.for([
    [
      'ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR',
      '127.0.0.1/7',
      'must be a block within 127.0.0.0/8 such as 127.0.0.1/32',
    ],
    [
      'ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR',
      '::1/128',
      'must be a block within 127.0.0.0/8 such as 127.0.0.1/32',
    ],
    [
      'ISTIO_OUTBOUND_OWNER_GROUPS',
      Array.from({ length: 65 }, (_, id) => id).join(),
      'must have at most 64 entries',
    ],
    [
      'ISTIO_INBOUND_PORTS',
      Array.from({ length: 70_000 }, () => '1').join(),
      'must have at most 2048 entries',
    ],
    ['INVALID_DROP', 'maybe', 'must be true or false'],
  ])('%s', ([variable, text, words]) => {
    expect(faultsOf({}, { [variable!]: text! })).toEqual([`${variable} ${words}`])
  })

  test('every fault at once', () => {
    const faults = faultsOf({ 'envoy-port': 'x', 'redirect-dns': 'x' }, { PROXY_UID: '-' })
    expect(faults).toHaveLength(3)
  })

  test.for(understood)('what would be more words of a rule, in --%s', (name) => {
    expect(faultsOf({ [name]: '80 -j ACCEPT\n-A OUTPUT' })).toHaveLength(1)
  })
})

describe('what is not supported', () => {
  test.for(istioFlags.filter(({ refused }) => refused !== undefined))(
    '--$name is refused by name, and by its variable',
    ({ name, kind, env, refused }) => {
      const text = kind === 'switch' ? 'true' : 'x'
      expect(faultsOf({ [name]: text })).toEqual([`--${name} is not supported: ${refused!}`])
      expect(faultsOf({}, { [env[0]!]: text })).toEqual([
        `${env[0]!} is not supported: ${refused!}`,
      ])
      expect(faultsOf({ [name]: kind === 'switch' ? 'false' : '' })).toEqual([])
    },
  )

  test('no flag is there twice', () => {
    const names = istioFlags.flatMap(({ name, short }) => [name, short ?? name])
    expect(new Set(names).size).toBe(
      new Set(istioFlags.map(({ name }) => name)).size +
        istioFlags.filter(({ short }) => short !== undefined).length,
    )
  })
})
