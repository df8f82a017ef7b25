import { describe, expect, test } from 'vitest'

import { iptablesRestoreBackend, parseRedirectSpec, plan, renderRestore } from '../../src/index.ts'
import { type RecordedCommand, recordingRunner } from '../../src/testing/index.ts'

const rules = plan(parseRedirectSpec({}))

test('one save and one restore per family, and no other process', async () => {
  const runner = recordingRunner()
  await iptablesRestoreBackend({ runner, variant: 'nft' }).apply(rules)
  expect(runner.commands.map(({ argv }) => argv.join(' '))).toEqual([
    'iptables-nft-save',
    'iptables-nft-restore --noflush --wait=5',
    'ip6tables-nft-save',
    'ip6tables-nft-restore --noflush --wait=5',
  ])
  expect(runner.commands[1]?.stdin).toBe(renderRestore(rules, 'ipv4'))
  expect(runner.commands[3]?.stdin).toBe(renderRestore(rules, 'ipv6'))
})

test('never locks the host when it is given a file', async () => {
  const runner = recordingRunner()
  const options = {
    runner,
    variant: 'legacy',
    lockFile: '/run/netns/a',
    lockTimeoutSeconds: 9,
  } as const
  await iptablesRestoreBackend(options).apply(rules)
  expect(runner.commands[1]?.argv).toEqual([
    'env',
    'XTABLES_LOCKFILE=/run/netns/a',
    'iptables-legacy-restore',
    '--noflush',
    '--wait=9',
  ])
})

test('the same rules again restore nothing', async () => {
  const runner = recordingRunner(({ argv }) => ({
    stdout: renderRestore(rules, argv[0]?.startsWith('ip6') === true ? 'ipv6' : 'ipv4'),
  }))
  await iptablesRestoreBackend({ runner, variant: 'nft' }).apply(rules)
  expect(runner.commands.map(({ argv }) => argv[0])).toEqual([
    'iptables-nft-save',
    'ip6tables-nft-save',
  ])
})

test('removal of nothing restores nothing', async () => {
  const runner = recordingRunner()
  await iptablesRestoreBackend({ runner, variant: 'nft' }).remove()
  expect(runner.commands.map(({ argv }) => argv[0])).toEqual([
    'iptables-nft-save',
    'ip6tables-nft-save',
  ])
})

test('reads anew when somebody changed the rules in between, but not for ever', async () => {
  let failures = 2
  const answer = ({ argv }: RecordedCommand) =>
    argv[0]?.endsWith('restore') === true && failures-- > 0
      ? {
          exitCode: 1,
          stderr: 'iptables-nft-restore: line 9: RULE_DELETE failed (No such file or directory)',
        }
      : {}
  const runner = recordingRunner(answer)
  await iptablesRestoreBackend({ runner, variant: 'nft' }).apply(rules)
  expect(runner.commands).toHaveLength(8)
  failures = 99
  await expect(
    iptablesRestoreBackend({ runner, variant: 'nft' }).apply(rules),
  ).rejects.toMatchObject({
    code: 'changed-meanwhile',
    retryable: true,
  })
})

describe('says what the tool said', () => {
  test.for([
    [4, 'Another app is currently holding the xtables lock.', 'lock-timeout', undefined],
    [
      1,
      'iptables-restore v1.8.9: Could not fetch rule set generation id: Permission denied (you must be root)',
      'permission-denied',
      undefined,
    ],
    [127, 'env: iptables-nft-restore: No such file', 'unsupported', undefined],
    [
      3,
      "iptables-restore: can't initialize iptables table `nat': Table does not exist",
      'unsupported',
      undefined,
    ],
    [
      2,
      'iptables-restore v1.8.9: bad value\nError occurred at line: 3',
      'command-failed',
      ':PROXY_SC_INBOUND - [0:0]',
    ],
    [1, 'iptables-restore: line 1 failed', 'command-failed', '*nat'],
    [139, '', 'command-failed', undefined],
  ] as const)('%i %s', async ([exitCode, stderr, code, object]) => {
    const runner = recordingRunner(({ argv }) =>
      argv[0]?.endsWith('restore') === true ? { exitCode, stderr } : {},
    )
    const applied = iptablesRestoreBackend({ runner, variant: 'nft' }).apply(rules)
    await expect(applied).rejects.toMatchObject({ code, object })
    await expect(applied).rejects.toThrow(`iptables-nft-restore exited ${exitCode}`)
  })
})

test('a save that fails is an error, not "no rules"', async () => {
  const runner = recordingRunner(() => ({ exitCode: 1, stderr: 'iptables-save: boom' }))
  const backend = iptablesRestoreBackend({ runner, variant: 'nft' })
  await expect(backend.verify(rules)).rejects.toMatchObject({ code: 'command-failed' })
})
