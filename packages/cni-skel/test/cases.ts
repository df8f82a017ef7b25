import { cniVersions } from '@proxy/cni-types'

import { type Behaviour } from './fixtures/behaviour.ts'

/** One line of the test inventory: what goes in, what comes out. */
export interface Case {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly stdin: string
  readonly behaviour?: Behaviour
  readonly exitCode: 0 | 1
  /** Decoded; `undefined` when nothing may be printed. */
  readonly stdout?: unknown
  /** Verbs that reached the plugin. */
  readonly calls: readonly string[]
  /** Whole text on stderr; not looked at when left out. */
  readonly stderr?: string
}

/** The verbs that reach a plugin, with a configuration that has each. */
export const reachingVerbs = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'] as const

/** A complete environment. */
export function envOf(
  command: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  const env: Record<string, string | undefined> = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: 'some-container',
    CNI_NETNS: '/proc/1/ns/no-such-file',
    CNI_IFNAME: 'eth0',
    CNI_ARGS: 'IgnoreUnknown=1;some=args',
    CNI_PATH: '/some/cni/path',
    ...changes,
  }
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** A configuration as text. */
export function confOf(fields: object = {}): string {
  return JSON.stringify({ cniVersion: '1.1.0', name: 'skel-test', type: 'test', ...fields })
}

/** An error as it is printed. */
function errorOf(code: number, msg: string, more: object = {}): object {
  return { code, msg, ...more }
}

const failed = (
  name: string,
  command: string,
  error: object,
  changes: Partial<Case> = {},
): Case => ({
  name,
  env: envOf(command),
  stdin: confOf(),
  exitCode: 1,
  stdout: error,
  calls: [],
  ...changes,
})

const required: Record<string, readonly string[]> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
}

const environment: Case[] = [
  ...Object.entries(required).flatMap(([command, names]) => [
    ...names.map((missing) =>
      failed(
        `${command} without ${missing}`,
        command,
        errorOf(4, `required env variables [${missing}] missing`),
        { env: envOf(command, { [missing]: undefined }) },
      ),
    ),
    failed(
      `${command} with empty values`,
      command,
      errorOf(4, `required env variables [${names.join(',')}] missing`),
      { env: envOf(command, Object.fromEntries(names.map((name) => [name, '']))) },
    ),
  ]),
  failed(
    'several missing, named in order',
    'ADD',
    errorOf(4, 'required env variables [CNI_NETNS,CNI_IFNAME,CNI_PATH] missing'),
    {
      env: envOf('ADD', { CNI_PATH: undefined, CNI_IFNAME: undefined, CNI_NETNS: undefined }),
    },
  ),
  failed('no verb', '', errorOf(4, 'required env variables [CNI_COMMAND] missing'), {
    env: {},
  }),
  failed('unknown verb', 'NOPE', errorOf(4, 'unknown CNI_COMMAND: NOPE')),
  failed('verb in small letters', 'add', errorOf(4, 'unknown CNI_COMMAND: add')),
  failed('verb that is a name of Object', 'toString', errorOf(4, 'unknown CNI_COMMAND: toString')),
  failed(
    'unknown verb, and stdin that is wrong already',
    'NOPE',
    errorOf(7, 'missing network name'),
    { stdin: '{}' },
  ),
]

const names: Case[] = [
  failed(
    'container id',
    'ADD',
    errorOf(4, 'invalid characters in containerID', { details: 'some-%%container-id' }),
    { env: envOf('ADD', { CNI_CONTAINERID: 'some-%%container-id' }) },
  ),
  failed(
    'a malformed variable comes before missing ones',
    'ADD',
    errorOf(4, 'invalid characters in containerID', { details: '%' }),
    { env: envOf('ADD', { CNI_CONTAINERID: '%', CNI_NETNS: undefined }) },
  ),
  failed(
    'long interface name',
    'CHECK',
    errorOf(4, 'interface name is too long', {
      details: 'interface name should be less than 16 characters',
    }),
    { env: envOf('CHECK', { CNI_IFNAME: '1234567890123456' }) },
  ),
  ...['.', '..'].map((ifname) =>
    failed(`interface ${ifname}`, 'DEL', errorOf(4, 'interface name is . or ..'), {
      env: envOf('DEL', { CNI_IFNAME: ifname }),
    }),
  ),
  ...['test/test', 'test:test', 'test test'].map((ifname) =>
    failed(
      `interface ${ifname}`,
      'ADD',
      errorOf(4, 'interface name contains / or : or whitespace characters'),
      { env: envOf('ADD', { CNI_IFNAME: ifname }) },
    ),
  ),
  {
    name: 'names are not looked at where they are not required',
    env: envOf('GC', { CNI_CONTAINERID: '%', CNI_IFNAME: 'a/b', CNI_NETNS: undefined }),
    stdin: confOf(),
    exitCode: 0,
    calls: ['GC'],
  },
]

const stdin: Case[] = [
  failed(
    'empty stdin',
    'ADD',
    errorOf(6, 'error unmarshall network config: unexpected end of JSON input'),
    { stdin: '' },
  ),
  failed('no name', 'ADD', errorOf(7, 'missing network name'), {
    stdin: '{"cniVersion":"1.0.0","type":"x"}',
  }),
  failed(
    'bad name',
    'DEL',
    errorOf(7, 'invalid characters found in network name', { details: 'te%%st' }),
    { stdin: confOf({ name: 'te%%st' }) },
  ),
  ...['CHECK', 'GC', 'STATUS'].map((command) =>
    failed(
      `bad name at ${command}`,
      command,
      errorOf(7, 'invalid characters found in network name', { details: 'a b' }),
      { stdin: confOf({ name: 'a b' }) },
    ),
  ),
  failed(
    'a field of a wrong type',
    'ADD',
    errorOf(6, 'error unmarshall network config: $.dns.search: expected array, got string', {
      cniVersion: '1.1.0',
    }),
    { stdin: confOf({ dns: { search: 'x' } }) },
  ),
]

const versions: Case[] = [
  failed(
    'no version is 0.1.0',
    'ADD',
    errorOf(1, 'incompatible CNI versions', {
      details: 'config is "0.1.0", plugin supports ["4.3.2"]',
    }),
    { stdin: '{"name":"net"}', behaviour: { versions: ['4.3.2'] } },
  ),
  {
    name: 'no version, and the plugin knows 0.1.0',
    env: envOf('DEL'),
    stdin: '{"name":"net"}',
    exitCode: 0,
    calls: ['DEL'],
  },
  {
    name: 'a version of the plugin’s own',
    env: envOf('ADD'),
    stdin: confOf({ cniVersion: '4.3.2' }),
    behaviour: { versions: ['0.1.0', '4.3.2'], result: { cniVersion: '4.3.2', x: 1 } },
    exitCode: 0,
    stdout: { cniVersion: '4.3.2', x: 1 },
    calls: ['ADD'],
  },
  failed(
    'versions are compared letter for letter',
    'ADD',
    errorOf(1, 'incompatible CNI versions', {
      cniVersion: '01.0.0',
      details: 'config is "01.0.0", plugin supports ["1.0.0" "1.1.0"]',
    }),
    { stdin: confOf({ cniVersion: '01.0.0' }), behaviour: { versions: ['1.0.0', '1.1.0'] } },
  ),
  ...(
    [
      ['CHECK', '0.3.1', '0.4.0'],
      ['GC', '1.0.0', '1.1.0'],
      ['STATUS', '1.0.0', '1.1.0'],
    ] as const
  ).flatMap(([command, tooLow, enough]) => [
    failed(
      `${command}, configuration too old`,
      command,
      errorOf(1, `config version does not allow ${command}`, { cniVersion: tooLow }),
      { stdin: confOf({ cniVersion: tooLow }) },
    ),
    failed(
      `${command}, no version at all`,
      command,
      errorOf(1, `config version does not allow ${command}`),
      { stdin: '{"name":"net"}' },
    ),
    failed(
      `${command}, plugin too old`,
      command,
      errorOf(1, `plugin version does not allow ${command}`, { cniVersion: enough }),
      {
        stdin: confOf({ cniVersion: enough }),
        behaviour: { versions: ['0.1.0', '0.2.0', tooLow] },
      },
    ),
    failed(
      `${command}, plugin newer but not of this version`,
      command,
      errorOf(1, 'incompatible CNI versions', {
        cniVersion: enough,
        details: `config is "${enough}", plugin supports ["${tooLow}" "9.0.0"]`,
      }),
      { stdin: confOf({ cniVersion: enough }), behaviour: { versions: [tooLow, '9.0.0'] } },
    ),
    failed(
      `${command}, configuration’s version is garbage`,
      command,
      errorOf(6, 'failed to convert major version part "adsfsadf": not a number'),
      { stdin: confOf({ cniVersion: 'adsfsadf' }) },
    ),
    failed(
      `${command}, plugin’s version is garbage`,
      command,
      errorOf(6, 'failed to convert major version part "adsfasdf": not a number', {
        cniVersion: '1.1.0',
      }),
      { behaviour: { versions: ['adsfasdf'] } },
    ),
    {
      name: `${command} of ${enough}`,
      env: envOf(command),
      stdin: confOf({ cniVersion: enough }),
      exitCode: 0 as const,
      calls: [command],
    },
  ]),
]

const del: Case[] = [
  ['without namespace', undefined],
  ['with an empty namespace', ''],
  ['with a namespace that is gone', '/var/run/netns/there-is-none'],
].map(([name, netns]) => ({
  name: `DEL ${name}`,
  env: envOf('DEL', { CNI_NETNS: netns }),
  stdin: confOf({ cniVersion: '0.3.1' }),
  exitCode: 0,
  calls: ['DEL'],
}))

const results: Case[] = [
  ...cniVersions.map((version): Case => {
    const ips = [{ interface: 0, address: '10.1.2.3/16', gateway: '10.1.0.1' }]
    const parts = { interfaces: [{ name: 'eth0' }], routes: [{ dst: '0.0.0.0/0' }] }
    const old = { ip: '10.1.2.3/16', gateway: '10.1.0.1', routes: [{ dst: '0.0.0.0/0' }] }
    const expected = version.startsWith('1.')
      ? { ...parts, ips }
      : version < '0.3'
        ? { ip4: old, dns: {} }
        : { ...parts, ips: [{ version: '4', ...ips[0] }], dns: {} }
    return {
      name: `a result is printed in the caller’s version, ${version}`,
      env: envOf('ADD'),
      stdin: confOf({ cniVersion: version }),
      behaviour: { result: { cniVersion: '1.1.0', ...parts, ips } },
      exitCode: 0,
      stdout: { cniVersion: version, ...expected },
      calls: ['ADD'],
    }
  }),
  {
    name: 'a previous result passes through',
    env: envOf('ADD'),
    stdin: confOf({ cniVersion: '0.4.0', prevResult: { x: { b: 1 }, cniVersion: '0.3.1' } }),
    exitCode: 0,
    stdout: { x: { b: 1 }, cniVersion: '0.4.0', dns: {} },
    calls: ['ADD'],
  },
  failed(
    'a result that the caller’s version cannot express',
    'ADD',
    errorOf(1, 'cannot convert: no valid IP addresses', { cniVersion: '0.2.0' }),
    {
      stdin: confOf({ cniVersion: '0.2.0' }),
      behaviour: { result: { cniVersion: '1.0.0' } },
      calls: ['ADD'],
    },
  ),
  failed(
    'no result',
    'ADD',
    errorOf(999, 'ADD of the plugin returned no result', { cniVersion: '1.1.0' }),
    { behaviour: { result: null }, calls: ['ADD'] },
  ),
  ...(['check', 'gc', 'status'] as const).map((verb) => ({
    name: `no function for ${verb}: all is well`,
    env: envOf(verb.toUpperCase()),
    stdin: confOf(),
    behaviour: { without: [verb] },
    exitCode: 0 as const,
    calls: [],
  })),
]

const errors: Case[] = reachingVerbs.flatMap((command) => [
  failed(
    `${command} throws a typed error`,
    command,
    errorOf(1234, 'potato', { details: 'hot', cniVersion: '1.1.0' }),
    {
      behaviour: { throws: { code: 1234, msg: 'potato', details: 'hot' } },
      calls: [command],
      stderr: '',
    },
  ),
  failed(
    `${command} throws another error`,
    command,
    errorOf(999, 'oh no', { cniVersion: '1.1.0' }),
    {
      behaviour: { throws: { message: 'oh no' } },
      calls: [command],
    },
  ),
  failed(
    `${command} throws no error at all`,
    command,
    errorOf(999, 'null', { cniVersion: '1.1.0' }),
    {
      behaviour: { throws: { value: null } },
      calls: [command],
    },
  ),
])

const version: Case[] = [
  {
    name: 'VERSION',
    env: { CNI_COMMAND: 'VERSION' },
    stdin: 'not read',
    behaviour: { versions: ['4.2.0', '1.0.0'] },
    exitCode: 0,
    stdout: { cniVersion: '1.1.0', supportedVersions: ['4.2.0', '1.0.0'] },
    calls: [],
    stderr: '',
  },
  {
    name: 'VERSION as libcni up to 1.3 calls it',
    env: {
      CNI_COMMAND: 'VERSION',
      CNI_NETNS: 'dummy',
      CNI_IFNAME: 'dummy',
      CNI_PATH: 'dummy',
    },
    stdin: '{"cniVersion":"0.4.0"}',
    exitCode: 0,
    stdout: { cniVersion: '1.1.0', supportedVersions: cniVersions },
    calls: [],
  },
  {
    name: 'about',
    env: {},
    stdin: '',
    behaviour: { about: 'CNI plugin test v1', versions: ['0.4.0', '1.0.0'] },
    exitCode: 0,
    stderr: 'CNI plugin test v1\nCNI protocol versions supported: 0.4.0, 1.0.0\n',
    calls: [],
  },
  {
    name: 'about, with everything but the verb',
    env: envOf(''),
    stdin: confOf(),
    behaviour: { about: 'x' },
    exitCode: 0,
    stderr: `x\nCNI protocol versions supported: ${cniVersions.join(', ')}\n`,
    calls: [],
  },
]

const netnsMsg = "plugin's netns and netns from CNI_NETNS should not be the same"
const ownNetns: Case[] = (['ADD', 'DEL'] as const).flatMap((command): Case[] => [
  failed(
    `${command} in the plugin’s own namespace`,
    command,
    errorOf(8, netnsMsg, { cniVersion: '1.1.0' }),
    {
      env: envOf(command, { CNI_NETNS: '/proc/self/ns/net' }),
      calls: [command],
    },
  ),
  ...['1', 'TRUE', 'true'].map((value): Case => ({
    name: `${command} in the plugin’s own namespace, CNI_NETNS_OVERRIDE=${value}`,
    env: envOf(command, { CNI_NETNS: '/proc/self/ns/net', CNI_NETNS_OVERRIDE: value }),
    stdin: confOf(),
    exitCode: 0,
    ...(command === 'ADD' ? { stdout: { cniVersion: '1.1.0' } } : {}),
    calls: [command],
  })),
  failed(
    `${command}, CNI_NETNS_OVERRIDE=0`,
    command,
    errorOf(8, netnsMsg, { cniVersion: '1.1.0' }),
    {
      env: envOf(command, { CNI_NETNS: '/proc/self/ns/net', CNI_NETNS_OVERRIDE: '0' }),
      calls: [command],
    },
  ),
  failed(
    `${command}: an error of the plugin comes first`,
    command,
    errorOf(77, 'mine', { cniVersion: '1.1.0' }),
    {
      env: envOf(command, { CNI_NETNS: '/proc/self/ns/net' }),
      behaviour: { throws: { code: 77, msg: 'mine' } },
      calls: [command],
    },
  ),
])

const check: Case = {
  name: 'CHECK does not ask whose namespace it is',
  env: envOf('CHECK', { CNI_NETNS: '/proc/self/ns/net' }),
  stdin: confOf(),
  exitCode: 0,
  calls: ['CHECK'],
}

/** All of them. */
export const cases: readonly Case[] = [
  ...environment,
  ...names,
  ...stdin,
  ...versions,
  ...del,
  ...results,
  ...errors,
  ...version,
  ...ownNetns,
  check,
]
