import { describe, expect, test } from 'vitest'

import { nftBackend, type CommandOutput, type RuleSet } from '../../src/index.ts'
import { recordingRunner } from '../../src/testing/index.ts'
import { planOf } from '../support/cases.ts'
import { jsonListing } from '../support/json-listing.ts'

const rules = planOf('pod')
const none: Partial<CommandOutput> = {
  exitCode: 1,
  stderr: 'Error: No such file or directory\nlist table inet proxy_sidecar',
}
const noRules: RuleSet = { families: [], sets: [], chains: [] }

/** A runner whose `nft` lists what it is told and answers scripts one after the other. */
function machine(
  listing: Partial<CommandOutput>,
  ...scripts: Partial<CommandOutput>[]
): ReturnType<typeof recordingRunner> {
  let at = 0
  return recordingRunner(({ argv }) => (argv.includes('list') ? listing : (scripts[at++] ?? {})))
}

const firstWords = (runner: ReturnType<typeof recordingRunner>): string[] =>
  runner.commands
    .filter(({ argv }) => argv.includes('-f'))
    .map(({ stdin }) => stdin.split('\n')[0] ?? '')

test('makes a table where there is none, by one script', async () => {
  const runner = machine(none)
  await nftBackend({ runner }).apply(rules)
  expect(runner.commands.map(({ argv }) => argv.join(' '))).toEqual([
    'nft -j list table inet proxy_sidecar',
    'nft -f -',
  ])
  expect(firstWords(runner)).toEqual(['create table inet proxy_sidecar'])
})

test('does nothing when the rules are there', async () => {
  const runner = machine({ stdout: jsonListing(rules) })
  await nftBackend({ runner }).apply(rules)
  expect(firstWords(runner)).toEqual([])
  expect(await nftBackend({ runner }).verify(rules)).toEqual({ ok: true, differences: [] })
})

test('a table that came meanwhile is replaced', async () => {
  const runner = machine(none, { exitCode: 1, stderr: '/dev/stdin:1:1-35: Error: File exists' })
  await nftBackend({ runner }).apply(rules)
  expect(firstWords(runner)).toEqual([
    'create table inet proxy_sidecar',
    'add table inet proxy_sidecar',
  ])
})

describe('where rules are', () => {
  const before = planOf('pod-other-ports')
  const changed = { exitCode: 1, stderr: 'Error: Could not process rule: Device or resource busy' }

  test('they are replaced inside their chains', async () => {
    const runner = machine({ stdout: jsonListing(before) })
    await nftBackend({ runner }).apply(rules)
    expect(firstWords(runner)).toEqual(['flush table inet proxy_sidecar'])
  })

  test('new sets of blocks come before the rules that use them', async () => {
    const runner = machine({ stdout: jsonListing(before) })
    await nftBackend({ runner }).apply(planOf('pod-include-exclude-ip'))
    expect(firstWords(runner)).toEqual([
      'table inet proxy_sidecar {',
      'flush table inet proxy_sidecar',
    ])
    const [first, second] = runner.commands.slice(1)
    expect(first?.stdin).toContain('set include_outbound_ipv4')
    expect(first?.stdin).not.toContain('chain')
    expect(second?.stdin).not.toContain('set include_outbound_ipv4 {')
  })

  test('a table that is not as it was read is made anew', async () => {
    const runner = machine({ stdout: jsonListing(before) }, changed)
    await nftBackend({ runner }).apply(rules)
    expect(firstWords(runner)).toEqual([
      'flush table inet proxy_sidecar',
      'add table inet proxy_sidecar',
    ])
  })

  test('a table that no rule set describes is made anew', async () => {
    const stdout = jsonListing(before).replace('"policy":"accept"', '"policy":"drop"')
    const runner = machine({ stdout })
    await nftBackend({ runner }).apply(rules)
    expect(firstWords(runner)).toEqual(['add table inet proxy_sidecar'])
  })
})

test('removes only what is there', async () => {
  const empty = machine(none)
  await nftBackend({ runner: empty }).remove()
  expect(firstWords(empty)).toEqual([])
  const full = machine({ stdout: jsonListing(rules) })
  await nftBackend({ runner: full }).remove()
  expect(firstWords(full)).toEqual(['add table inet proxy_sidecar'])
  expect((await nftBackend({ runner: full }).verify(noRules)).differences[0]).toEqual({
    kind: 'extra',
    object: 'table',
    name: 'proxy_sidecar',
  })
})

describe('errors', () => {
  test.for([
    ['Error: Could not process rule: Operation not permitted', 1, 'permission-denied'],
    ['Error: Could not process rule: Operation not supported', 1, 'unsupported'],
    ['Error: Could not process rule: No such file or directory', 1, 'kernel-refused'],
    ['Error: syntax error, unexpected newline', 1, 'command-failed'],
    ['Error: Could not process rule: Resource temporarily unavailable', 1, 'changed-meanwhile'],
    ['', 127, 'unsupported'],
  ] as const)('%s', async ([stderr, exitCode, code]) => {
    const runner = machine(none, { exitCode, stderr })
    await expect(nftBackend({ runner }).apply(rules)).rejects.toMatchObject({ code })
  })

  test('the rule, the chain or the set of the line is named', async () => {
    const script = async (): Promise<string[]> => {
      const runner = machine(none)
      await nftBackend({ runner }).apply(rules)
      return (runner.commands[1]?.stdin ?? '').split('\n')
    }
    const lines = await script()
    const at = (pattern: RegExp): number => lines.findIndex((line) => pattern.test(line)) + 1
    const objects = await Promise.all(
      [at(/skip-tunnel-port/), at(/hook output/), at(/exclude_inbound_ports \{/)].map(
        async (number) => {
          const stderr = `/dev/stdin:${number}:3-9: Error: Could not process rule: Invalid argument`
          const failed: unknown = await nftBackend({
            runner: machine(none, { exitCode: 1, stderr }),
          })
            .apply(rules)
            .catch((error: unknown) => error)
          return (failed as { object?: string }).object
        },
      ),
    )
    expect(objects).toEqual([
      'rule nat_inbound proxy/skip-tunnel-port',
      'chain nat_output',
      'set exclude_inbound_ports',
    ])
  })

  test('a listing that fails, and one that is none', async () => {
    const denied = machine({ exitCode: 1, stderr: 'Operation not permitted (you must be root)' })
    await expect(nftBackend({ runner: denied }).verify(rules)).rejects.toMatchObject({
      code: 'permission-denied',
    })
    const odd = machine({ stdout: 'table inet proxy_sidecar {' })
    await expect(nftBackend({ runner: odd }).verify(rules)).rejects.toMatchObject({
      code: 'save-invalid',
    })
  })
})
