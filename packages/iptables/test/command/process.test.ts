import { run, spawnIn } from '@proxy/testkit'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../../src/command/main.ts', import.meta.url))
const command = [process.execPath, main] as const
const golden = (name: string): Promise<string> =>
  readFile(new URL(`../golden/istio/${name}.ipv4.rules`, import.meta.url), 'utf8')

describe('as a process', () => {
  test('prints rules and ends with 0', async () => {
    const args = ['render', '--family', 'ipv4', '--compat', 'istio', '-b', '*'] as const
    expect(await run([...command, ...args])).toEqual({
      exitCode: 0,
      stdout: await golden('inbound-ports-wildcard'),
      stderr: '',
    })
  })

  test('reads standard input and variables', async () => {
    const stdin = '{"includeInboundPorts":[80]}'
    const { stdout } = await run([...command, 'render', '--family', 'ipv4'], { stdin })
    expect(stdout).toContain('--dport 80 ')
    const env = { ...process.env, INVALID_DROP: 'true' }
    const args = ['render', '--family', 'ipv4', '--compat', 'istio'] as const
    expect((await run([...command, ...args], { env })).stdout).toBe(await golden('drop-invalid'))
  })

  test('needs no flags in the form of Istio, and no end of standard input', async () => {
    const args = ['render', '--family', 'ipv4', '--compat', 'istio'] as const
    await using left = await spawnIn([...command, ...args])
    await new Promise((resolve) => left.process.once('close', resolve))
    expect(left.output()).toEqual({ stdout: await golden('empty'), stderr: '' })
  })

  test('complains with 2', async () => {
    const found = await run([...command, 'render', '--family', 'ipv7'])
    expect(found).toMatchObject({ exitCode: 2, stdout: '' })
    expect(found.stderr).toContain('Allowed choices are ipv4, ipv6')
  })
})

test('--help has examples and exit codes', async () => {
  const { exitCode, stdout } = await run([...command, 'render', '--help'])
  expect(exitCode).toBe(0)
  expect(stdout).toContain('Examples:\n  proxy-iptables render')
  expect(stdout).toContain('Exit codes:')
})
