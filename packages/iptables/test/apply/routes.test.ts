import { describe, expect, test } from 'vitest'

import {
  ipRouteControl,
  IptablesError,
  parseRedirectSpec,
  plan,
  type RedirectBackend,
  type RouteControl,
  type RouteEntry,
} from '../../src/index.ts'
import { entryText, withRouting } from '../../src/apply/routes.ts'
import { type RecordedCommand, recordingRunner } from '../../src/testing/index.ts'

const tproxy = plan(parseRedirectSpec({ mode: 'TPROXY' }))
const redirect = plan(parseRedirectSpec({}))

function fakes(): { log: string[]; backend: RedirectBackend; routes: RouteControl } {
  const log: string[] = []
  let entries: readonly RouteEntry[] = []
  return {
    log,
    backend: {
      apply: () => Promise.resolve(void log.push('apply')),
      verify: () => Promise.resolve({ ok: true, differences: [] }),
      remove: () => Promise.resolve(void log.push('remove')),
    },
    routes: {
      list: () => Promise.resolve(entries),
      add(entry) {
        log.push(`+ ${entryText(entry)}`)
        entries = [...entries, entry]
        return Promise.resolve()
      },
      remove(entry) {
        log.push(`- ${entryText(entry)}`)
        entries = entries.filter((other) => other !== entry)
        return Promise.resolve()
      },
    },
  }
}

const route4 = '-4 route local default dev lo table 133 proto 133'
const rule4 = '-4 rule priority 32000 fwmark 0x539 lookup 133 protocol 133'
const [route6, rule6] = [route4, rule4].map((text) => text.replace('-4', '-6')) as [string, string]

test('routing comes before the rules and goes after them, and once is enough', async () => {
  const { log, backend, routes } = fakes()
  const routed = withRouting(backend, routes)
  await routed.apply(tproxy)
  expect(log.splice(0)).toEqual([`+ ${route4}`, `+ ${rule4}`, `+ ${route6}`, `+ ${rule6}`, 'apply'])
  await routed.apply(tproxy)
  expect(log.splice(0)).toEqual(['apply'])
  expect(await routed.verify(tproxy)).toEqual({ ok: true, differences: [] })
  await routed.remove()
  expect(log.splice(0)).toEqual([
    `remove`,
    `- ${rule4}`,
    `- ${rule6}`,
    `- ${route4}`,
    `- ${route6}`,
  ])
  await routed.remove()
  expect(log).toEqual(['remove'])
})

test('another mark, another mode: what is stale goes', async () => {
  const { log, backend, routes } = fakes()
  const routed = withRouting(backend, routes)
  await routed.apply(plan(parseRedirectSpec({ mode: 'TPROXY', families: ['ipv4'] })))
  log.splice(0)
  const other = { mode: 'TPROXY', families: ['ipv4'], tproxyMark: 7 } as const
  await routed.apply(plan(parseRedirectSpec(other)))
  const newRule = rule4.replace('0x539', '0x7')
  expect(log.splice(0)).toEqual([`+ ${newRule}`, 'apply', `- ${rule4}`])
  expect((await routed.verify(redirect)).differences).toEqual([
    { kind: 'extra', object: 'policy', family: 'ipv4', name: newRule, actual: newRule },
    { kind: 'extra', object: 'route', family: 'ipv4', name: route4, actual: route4 },
  ])
  await routed.apply(redirect)
  expect(log).toEqual(['apply', `- ${newRule}`, `- ${route4}`])
  const missing = (await routed.verify(tproxy)).differences
  expect(missing.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
    [route4, rule4, route6, rule6].map((name) => `missing ${name}`),
  )
})

test('TPROXY without routing is refused, REDIRECT needs none', async () => {
  const { log, backend } = fakes()
  const plain = withRouting(backend)
  await plain.apply(redirect)
  await expect(plain.apply(tproxy)).rejects.toThrow('TPROXY needs policy routing')
  await expect(plain.verify(tproxy)).rejects.toThrow(IptablesError)
  expect(log).toEqual(['apply'])
})

test('TPROXY that captures nothing needs no routing', () => {
  const nothing = plan(parseRedirectSpec({ mode: 'TPROXY', includeInboundPorts: [] }))
  expect(nothing.routing).toBeUndefined()
  expect(tproxy.routing).toEqual({ mark: 1337, table: 133 })
})

describe('by the program ip', () => {
  const rules = JSON.stringify([
    { priority: 0, src: 'all', table: 'local' },
    { priority: 31_000, src: 'all', fwmark: '0x539', table: '133' },
    { priority: 32_000, src: 'all', fwmark: '0x539', table: '133', protocol: '133' },
    { priority: 5, src: 'all', fwmark: '0x1', fwmask: '0xff', table: '9', protocol: '133' },
  ])
  const routes = JSON.stringify([
    { type: 'local', dst: 'default', dev: 'lo', table: '133', scope: 'host', flags: [] },
  ])
  const four = ({ argv }: RecordedCommand): { stdout: string } => ({
    stdout: argv[2] === '-6' ? '[]' : argv[3] === 'rule' ? rules : routes,
  })
  const policy: RouteEntry = {
    kind: 'policy',
    family: 'ipv4',
    priority: 32_000,
    mark: 0x539,
    mask: 0xffff_ffff,
    table: 133,
  }

  test('lists what carries our protocol', async () => {
    const runner = recordingRunner(four)
    expect(await ipRouteControl({ runner }).list()).toEqual([
      policy,
      { ...policy, priority: 5, mark: 1, mask: 0xff, table: 9 },
      { kind: 'route', family: 'ipv4', table: 133 },
    ])
    expect(runner.commands.map(({ argv }) => argv.join(' '))).toEqual([
      'ip -j -4 rule show',
      'ip -j -4 route show table all proto 133',
      'ip -j -6 rule show',
      'ip -j -6 route show table all proto 133',
    ])
  })

  test('a family that the machine does not have, and no output at all, are nothing', async () => {
    const runner = recordingRunner(({ argv }) =>
      argv[2] === '-6'
        ? { exitCode: 2, stderr: 'RTNETLINK answers: Address family not supported by protocol' }
        : {},
    )
    expect(await ipRouteControl({ runner }).list()).toEqual([])
  })

  test.for([
    ['add', policy, 'RTNETLINK answers: File exists', 'none'],
    ['add', { kind: 'route', family: 'ipv6', table: 9 }, 'File exists', 'kernel-refused'],
    ['add', policy, 'RTNETLINK answers: Operation not permitted', 'permission-denied'],
    ['remove', policy, 'RTNETLINK answers: No such file or directory', 'none'],
    ['remove', { kind: 'route', family: 'ipv4', table: 9 }, 'No such process', 'none'],
    ['remove', policy, 'Error: argument "protocol" is wrong: garbage', 'unsupported'],
    ['remove', policy, 'RTNETLINK answers: Operation not permitted', 'permission-denied'],
  ] as const)('%s: %s', async ([verb, entry, stderr, code]) => {
    const runner = recordingRunner(() => ({ exitCode: 2, stderr }))
    const done = ipRouteControl({ runner })[verb](entry)
    const seen = await done.then(
      () => 'none',
      (error: unknown) => (error as IptablesError).code,
    )
    expect(seen).toBe(code)
  })

  test.for([
    ['an old ip', { exitCode: 255, stderr: 'Option "-j" is unknown, try "ip -help".' }],
    ['another ip', { exitCode: 1, stderr: 'ip: invalid option -- j' }],
    ['text', { stdout: '0: from all lookup local' }],
  ] as const)('%s is unsupported', async ([, output]) => {
    const runner = recordingRunner(() => output)
    await expect(ipRouteControl({ runner }).list()).rejects.toMatchObject({ code: 'unsupported' })
  })
})
