import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { CommanderError } from 'commander'
import { describe, expect, test } from 'vitest'

import { createTempDir } from '@proxy/testkit'

import { agentCommand, ConfigError, loadConfig } from '../src/config/load.ts'
import { SETTINGS } from '../src/config/options.ts'

test('every setting has a default that it accepts itself', () => {
  const config = loadConfig([], {})
  expect(config).toMatchObject({
    socket: '/run/proxy-agent/agent.sock',
    proxyUid: 1337,
    leafLifetime: 86_400_000,
    allowKeysOnDisk: false,
    includeNamespaces: [],
  })
  expect(Object.keys(config)).toEqual(Object.keys(SETTINGS))
})

test('a flag wins over the environment, that over the file, that over the default', async () => {
  await using dir = await createTempDir('config')
  const file = join(dir.path, 'agent.json')
  writeFileSync(file, JSON.stringify({ proxyUid: 2001, proxyGid: 2002, startTimeout: '3s' }))
  const env = {
    PROXY_AGENT_CONFIG: file,
    PROXY_AGENT_PROXY_UID: '3001',
    PROXY_AGENT_PROXY_GID: '3002',
  }
  const config = loadConfig(['--proxy-uid', '4001'], env)
  expect(config).toMatchObject({ proxyUid: 4001, proxyGid: 3002, startTimeout: 3000 })
})

test('a switch needs no value', () => {
  expect(loadConfig(['--allow-keys-on-disk'], {}).allowKeysOnDisk).toBe(true)
})

describe('a wrong value is named with its place and what is allowed', () => {
  test.each<[string[], Record<string, string>, string]>([
    [['--proxy-uid', '0'], {}, '--proxy-uid is "0": must be a whole number from 1 to'],
    [[], { PROXY_AGENT_INBOUND_PORT: '70000' }, 'PROXY_AGENT_INBOUND_PORT is "70000"'],
    [['--socket', 'agent.sock'], {}, '--socket is "agent.sock": must be an absolute path'],
    [['--leaf-lifetime', '24'], {}, 'must be a duration from 10s to 90d'],
    [['--leaf-lifetime', '91d'], {}, 'must be a duration from 10s to 90d'],
    [['--redirect-backend', 'ebpf'], {}, 'must be one of nftables, iptables-nft, iptables-legacy'],
    [['--include-namespaces', 'a,B'], {}, 'must be names of namespaces'],
    [['--trust-domain', 'a b'], {}, '--trust-domain'],
    [['--config', '/nonexistent'], {}, 'configuration file /nonexistent: ENOENT'],
    [['--inbound-port', '15001'], {}, '--outbound-port and --inbound-port are both 15001'],
  ])('%j %j', (argv, env, message) => {
    expect(() => loadConfig(argv, env)).toThrow(ConfigError)
    expect(() => loadConfig(argv, env)).toThrow(message)
  })

  test('a flag that is not known is no exit of the process', () => {
    expect(() => loadConfig(['--foo'], {})).toThrow(CommanderError)
  })

  test('an unknown key of the file', async () => {
    await using dir = await createTempDir('config')
    const file = join(dir.path, 'agent.json')
    writeFileSync(file, '{"proxyUID": 1}')
    expect(() => loadConfig(['--config', file], {})).toThrow(
      'unknown key "proxyUID"; known are socket',
    )
    writeFileSync(file, '[]')
    expect(() => loadConfig(['--config', file], {})).toThrow('must be a JSON object')
  })
})

test('--help has every flag, its variable and its default', () => {
  const help = agentCommand().helpInformation().replaceAll(/\s+/g, ' ')
  for (const { flag, fallback } of Object.values(SETTINGS)) {
    expect(help).toContain(`--${flag}`)
    expect(help).toContain(`PROXY_AGENT_${flag.toUpperCase().replaceAll('-', '_')}, default`)
    expect(help).toContain(`default ${fallback === '' ? 'none' : fallback}]`)
  }
})
