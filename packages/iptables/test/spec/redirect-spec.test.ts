import { describe, expect, test } from 'vitest'

import { IptablesError, parseRedirectSpec } from '../../src/index.ts'

function issuesOf(input: unknown): readonly string[] {
  try {
    parseRedirectSpec(input)
  } catch (error) {
    expect(error).toBeInstanceOf(IptablesError)
    const { code, issues, retryable } = error as IptablesError
    expect({ code, retryable }).toEqual({ code: 'spec-invalid', retryable: false })
    return issues.map(
      ({ path, value, message }) => `${path} = ${JSON.stringify(value)}: ${message}`,
    )
  }
  return []
}

test('has a default for every field', () => {
  expect(parseRedirectSpec({})).toEqual({
    mode: 'REDIRECT',
    tproxyMark: 1337,
    tproxyTable: 133,
    families: ['ipv4', 'ipv6'],
    outboundPort: 15_001,
    inboundPort: 15_006,
    tunnelPort: 15_008,
    dnsPort: 15_053,
    captureDns: [],
    includeInboundPorts: '*',
    excludeInboundPorts: [],
    includeOutboundPorts: [],
    excludeOutboundPorts: [],
    includeOutboundCidrs: '*',
    excludeOutboundCidrs: [],
    excludeInterfaces: [],
    rerouteVirtualInterfaces: [],
    dropInvalid: false,
    proxyUids: [1337],
    proxyGids: [1337],
    proxyMarks: [],
    includeOwnerGroups: '*',
    excludeOwnerGroups: [],
    loopbackCidr: '127.0.0.1/32',
    inboundSourceIpv4: '127.0.0.6',
    inboundSourceIpv6: '::6',
  })
})

test('is its own input', () => {
  const spec = parseRedirectSpec({ families: ['ipv6'], includeOutboundCidrs: ['FD00:0:0::/16'] })
  expect(spec.includeOutboundCidrs).toEqual(['fd00::/16'])
  expect(parseRedirectSpec(spec)).toEqual(spec)
})

const portRange = 'must be a whole number from 1 to 65535'
const cidrForm = 'must be a CIDR such as "10.0.0.0/8" or "fd00::/8"'
const interfaceForm =
  'must be the name of an interface: 1 to 15 letters, digits or . _ - @, without + or *'

describe('names field, value and what is allowed', () => {
  test.for<[string, unknown, string[]]>([
    ['no object', null, [' = null: must be an object']],
    ['a list', [], [' = []: must be an object']],
    [
      'unknown field',
      { port: 1 },
      [expect.stringMatching(/^port = 1: is not a field; allowed are mode, /) as string],
    ],
    ['no mode of ours', { mode: 'NONE' }, ['mode = "NONE": must be "REDIRECT" or "TPROXY"']],
    [
      '* where only ports may stand',
      { excludeInboundPorts: '*', excludeOutboundPorts: ['*'], includeOutboundPorts: '*' },
      [
        'excludeInboundPorts = "*": must be a list of ports from 1 to 65535',
        'includeOutboundPorts = "*": must be a list of ports from 1 to 65535',
        `excludeOutboundPorts[0] = "*": ${portRange}`,
      ],
    ],
    ['* in a list', { includeInboundPorts: ['*'] }, [`includeInboundPorts[0] = "*": ${portRange}`]],
    ['port 0', { excludeInboundPorts: [80, 0] }, [`excludeInboundPorts[1] = 0: ${portRange}`]],
    ['port 65536', { outboundPort: 65_536 }, [`outboundPort = 65536: ${portRange}`]],
    ['half a port', { inboundPort: 1.5 }, [`inboundPort = 1.5: ${portRange}`]],
    [
      'port as text',
      { excludeOutboundPorts: ['80'] },
      [`excludeOutboundPorts[0] = "80": ${portRange}`],
    ],
    [
      'name of a group',
      { includeOwnerGroups: ['java'] },
      [
        'includeOwnerGroups[0] = "java": must be a numeric group id from 0 to 4294967294; names are not looked up',
      ],
    ],
    [
      'groups as text',
      { includeOwnerGroups: 'java,202' },
      ['includeOwnerGroups = "java,202": must be "*" (all groups) or a list of numeric group ids'],
    ],
    [
      'no group to exclude from',
      { excludeOwnerGroups: '*' },
      ['excludeOwnerGroups = "*": must be a list of numeric group ids'],
    ],
    [
      'too many groups',
      { excludeOwnerGroups: Array.from({ length: 65 }, (_, index) => index) },
      [expect.stringContaining('must have at most 64 entries')],
    ],
    [
      'mark 0',
      { proxyMarks: [0] },
      [
        'proxyMarks[0] = 0: must be a whole number from 1 to 4294967295 (0 is a packet without a mark)',
      ],
    ],
    [
      'port twice',
      { excludeOutboundPorts: [80, 443, 80] },
      ['excludeOutboundPorts[2] = 80: must not repeat entry [0]'],
    ],
    [
      'host bits',
      { excludeOutboundCidrs: ['10.1.2.3/8'] },
      [
        'excludeOutboundCidrs[0] = "10.1.2.3/8": must not have bits behind the prefix: "10.0.0.0/8" is allowed',
      ],
    ],
    [
      'address without prefix',
      { includeOutboundCidrs: ['::1'] },
      [`includeOutboundCidrs[0] = "::1": ${cidrForm} (for one address, add /32 or /128)`],
    ],
    [
      'prefix too long',
      { includeOutboundCidrs: ['10.0.0.0/33'] },
      [`includeOutboundCidrs[0] = "10.0.0.0/33": ${cidrForm}`],
    ],
    [
      'octal',
      { includeOutboundCidrs: ['010.0.0.0/8'] },
      [`includeOutboundCidrs[0] = "010.0.0.0/8": ${cidrForm}`],
    ],
    [
      'blank',
      { excludeOutboundCidrs: [' 10.0.0.0/8', ''] },
      [
        `excludeOutboundCidrs[0] = " 10.0.0.0/8": ${cidrForm}`,
        `excludeOutboundCidrs[1] = "": ${cidrForm}`,
      ],
    ],
    [
      'one block in two spellings',
      { excludeOutboundCidrs: ['fd00::/8', 'FD00:0::/8'] },
      ['excludeOutboundCidrs[1] = "FD00:0::/8": must not repeat entry [0]'],
    ],
    [
      '* for excluded addresses',
      { excludeOutboundCidrs: '*' },
      ['excludeOutboundCidrs = "*": must be a list of CIDRs'],
    ],
    [
      'text instead of a list',
      { includeOutboundCidrs: '10.0.0.0/8' },
      ['includeOutboundCidrs = "10.0.0.0/8": must be "*" (all addresses) or a list of CIDRs'],
    ],
    [
      'interface of 16 characters',
      { excludeInterfaces: ['abcdefghijklmnop'] },
      [`excludeInterfaces[0] = "abcdefghijklmnop": ${interfaceForm}`],
    ],
    [
      'interface pattern',
      { excludeInterfaces: ['eth+'] },
      [`excludeInterfaces[0] = "eth+": ${interfaceForm}`],
    ],
    [
      'interface with a line break',
      { excludeInterfaces: ['a\n-j ACCEPT'] },
      [`excludeInterfaces[0] = "a\\n-j ACCEPT": ${interfaceForm}`],
    ],
    [
      'interface with an end of line',
      { excludeInterfaces: ['eth0\n'] },
      [`excludeInterfaces[0] = "eth0\\n": ${interfaceForm}`],
    ],
    ['no family', { families: [] }, ['families = []: must name at least one family']],
    ['other family', { families: ['ipx'] }, ['families[0] = "ipx": must be "ipv4" or "ipv6"']],
    [
      'root as the proxy',
      { proxyUids: [0] },
      [
        'proxyUids[0] = 0: must be a whole number from 1 to 4294967294 (0 is root, whose traffic would not be captured)',
      ],
    ],
    [
      'loopback elsewhere',
      { loopbackCidr: '10.0.0.0/8' },
      ['loopbackCidr = "10.0.0.0/8": must be within 127.0.0.0/8'],
    ],
    [
      'wider than loopback',
      { loopbackCidr: '126.0.0.0/7' },
      ['loopbackCidr = "126.0.0.0/7": must be within 127.0.0.0/8'],
    ],
    [
      'source of another family',
      { inboundSourceIpv6: '127.0.0.6' },
      ['inboundSourceIpv6 = "127.0.0.6": must be an IPv6 address such as "::6"'],
    ],
    [
      'source from outside',
      { inboundSourceIpv4: '10.0.0.6' },
      [
        'inboundSourceIpv4 = "10.0.0.6": must be within 127.0.0.0/8, so that no packet from outside can have it',
      ],
    ],
    [
      'two uses of a port',
      { inboundPort: 15_001 },
      ['inboundPort = 15001: must differ from outboundPort, which is the same port'],
    ],
    [
      'own port captured',
      { includeInboundPorts: [80, 15_006] },
      ["includeInboundPorts[1] = 15006: must not be the proxy's own inboundPort"],
    ],
    [
      'port in and out',
      { includeInboundPorts: [80], excludeInboundPorts: [80] },
      ['excludeInboundPorts[0] = 80: must not also be in includeInboundPorts'],
    ],
    [
      'outbound port in and out',
      { includeOutboundPorts: [80], excludeOutboundPorts: [1, 80] },
      ['excludeOutboundPorts[1] = 80: must not also be in includeOutboundPorts'],
    ],
    [
      'interface left alone and rerouted',
      { rerouteVirtualInterfaces: ['net0', 'net1'], excludeInterfaces: ['net1'] },
      ['excludeInterfaces[0] = "net1": must not also be in rerouteVirtualInterfaces'],
    ],
    ['a word for true', { dropInvalid: 'yes' }, ['dropInvalid = "yes": must be true or false']],
    [
      'mark of TPROXY on the proxy',
      { mode: 'TPROXY', proxyMarks: [5, 1337] },
      ['proxyMarks[1] = 1337: must not be tproxyMark, which routes packets to this machine'],
    ],
    ['mark of a mode that is not chosen', { proxyMarks: [1337] }, []],
    [
      'routing table of the system',
      { tproxyTable: 254 },
      [
        'tproxyTable = 254: must be the number of a routing table, from 1 to 4294967295, but not 253, 254 or 255 (those of the system)',
      ],
    ],
    [
      'DNS captured and excluded',
      { captureDns: '*', excludeOutboundPorts: [7, 53] },
      ['excludeOutboundPorts[1] = 53: must not be excluded while captureDns captures it'],
    ],
    [
      'port of DNS used twice',
      { captureDns: '*', dnsPort: 15_006 },
      ['dnsPort = 15006: must differ from inboundPort, which is the same port'],
    ],
    ['port of DNS, which is not captured', { dnsPort: 15_006 }, []],
    [
      'block of DNS servers',
      { captureDns: ['10.96.0.10/32'] },
      [
        'captureDns[0] = "10.96.0.10/32": must be an address such as "10.96.0.10" or "fd00::a", without a prefix',
      ],
    ],
    [
      'DNS server twice',
      { captureDns: ['fd00::a', 'fd00:0::a'] },
      ['captureDns[1] = "fd00:0::a": must not repeat entry [0]'],
    ],
    [
      'one DNS server as text',
      { captureDns: '10.96.0.10' },
      ['captureDns = "10.96.0.10": must be "*" (all servers) or a list of addresses'],
    ],
    [
      'group in and out',
      { includeOwnerGroups: [7, 8], excludeOwnerGroups: [8] },
      ['excludeOwnerGroups[0] = 8: must not also be in includeOwnerGroups'],
    ],
    [
      'group of the proxy',
      { includeOwnerGroups: [1337] },
      ['proxyGids[0] = 1337: must not also be in includeOwnerGroups'],
    ],
    [
      'block excluded whole',
      { includeOutboundCidrs: ['10.1.0.0/16'], excludeOutboundCidrs: ['10.0.0.0/8'] },
      [
        'includeOutboundCidrs[0] = "10.1.0.0/16": can never be captured: excludeOutboundCidrs[0] 10.0.0.0/8 covers it',
      ],
    ],
  ])('%s', ([, input, expected]) => {
    expect(issuesOf(input)).toEqual(expected)
  })
})

test('no proxy user at all is refused: its own traffic would come back to it', () => {
  expect(issuesOf({ proxyUids: [], proxyGids: [] })).toEqual([
    'proxyUids = []: must have at least one entry when proxyGids and proxyMarks have none',
  ])
  expect(issuesOf({ proxyUids: [] })).toEqual([])
  expect(issuesOf({ proxyUids: [], proxyGids: [], proxyMarks: [1] })).toEqual([])
})

test('70,000 ports are one fault, not 70,000', () => {
  const issues = issuesOf({ excludeInboundPorts: Array.from({ length: 70_000 }, (_, i) => i + 1) })
  expect(issues.length).toBe(1)
  expect(issues[0]).toContain('must have at most 2048 entries')
})

test('keeps contradictions where the exclusion decides, when it is told to', () => {
  const input = {
    includeInboundPorts: [80],
    excludeInboundPorts: [80],
    includeOutboundCidrs: ['2001:db8::/32'],
    excludeOutboundCidrs: ['2001:db8::/32'],
  }
  expect(parseRedirectSpec(input, { contradictions: 'keep' })).toMatchObject(input)
  const loop = { ...input, inboundPort: 15_001 }
  expect(() => parseRedirectSpec(loop, { contradictions: 'keep' })).toThrow('inboundPort 15001')
})

test('shows the first faults in the message and says how many more there are', () => {
  const input = { excludeInboundPorts: [0, -1, -2, -3, -4, -5, -6] }
  expect(() => parseRedirectSpec(input)).toThrow(
    /^invalid redirect specification: excludeInboundPorts\[0\] 0: must .*; and 2 more$/,
  )
})

test('survives what JSON cannot show', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  expect(() => parseRedirectSpec({ mode: cycle })).toThrow(
    'mode (object): must be "REDIRECT" or "TPROXY"',
  )
  expect(() => parseRedirectSpec({ outboundPort: 1n })).toThrow('outboundPort (bigint)')
  expect(() => parseRedirectSpec({ outboundPort: 'x'.repeat(5000) })).toThrow(/^.{0,200}$/)
  expect(() => parseRedirectSpec(JSON.parse('{"__proto__":{"mode":"x"}}'))).toThrow('__proto__')
})
