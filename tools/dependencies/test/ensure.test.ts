import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { createTempDir } from '@proxy/testkit'

import { ensureCnitool } from '../src/cnitool.ts'
import { ensureDebianPrograms } from '../src/debian.ts'
import { ensureEnvoy } from '../src/envoy.ts'
import { DependencyError, type Execute } from '../src/execute.ts'

const silent = (): void => undefined

describe('Debian packages', () => {
  test('nothing is installed when every program is there', () => {
    const calls: string[] = []
    ensureDebianPrograms((argv) => {
      calls.push(argv.join(' '))
      return { status: 0, output: '' }
    }, silent)
    expect(calls.filter((call) => call.includes('apt-get'))).toEqual([])
  })

  test('only the missing are installed, each once', () => {
    const installed = new Set<string>()
    const run: Execute = (argv) => {
      if (argv.includes('install')) for (const name of argv.slice(5)) installed.add(name)
      const lookedUp = argv.at(-1) ?? ''
      const missing = argv[0] === 'sh' && lookedUp.includes('iptables') && installed.size === 0
      return { status: missing ? 1 : 0, output: '' }
    }
    ensureDebianPrograms(run, silent)
    expect([...installed]).toEqual(['iptables'])
  })

  test('a failed installation names the packages and the reason', () => {
    const run: Execute = (argv) =>
      argv[0] === 'sh' ? { status: 1, output: '' } : { status: 100, output: 'Could not resolve' }
    expect(() => {
      ensureDebianPrograms(run, silent)
    }).toThrow(/tcpdump.*exited 100:\n {2}Could not resolve/s)
  })
})

describe('Envoy and cnitool', () => {
  test('are not fetched again', async () => {
    await using dir = await createTempDir('deps')
    writeFileSync(join(dir.path, 'envoy-1.40.0'), '')
    writeFileSync(join(dir.path, 'cnitool-v1.3.0'), '')
    const run: Execute = () => {
      throw new Error('nothing may run')
    }
    const options = { cacheDir: dir.path, arch: 'x64' }
    expect(existsSync(ensureEnvoy(run, silent, options))).toBe(true)
    expect(existsSync(ensureCnitool(run, silent, options))).toBe(true)
  })

  test('a failed download leaves no binary behind', async () => {
    await using dir = await createTempDir('deps')
    const options = { cacheDir: dir.path, arch: 'x64' }
    const run: Execute = () => ({ status: 1, output: 'no network' })
    expect(() => ensureEnvoy(run, silent, options)).toThrow(DependencyError)
    expect(() => ensureCnitool(run, silent, options)).toThrow(/Go module proxy.*no network/s)
    expect(existsSync(join(dir.path, 'envoy-1.40.0'))).toBe(false)
  })

  test('leftovers of an interrupted download do not disturb', async () => {
    await using dir = await createTempDir('deps')
    mkdirSync(join(dir.path, 'envoy.download', 'envoy'), { recursive: true })
    const asked: string[] = []
    const run: Execute = (argv) => {
      asked.push(argv.join(' '))
      return { status: 1, output: '' }
    }
    expect(() => ensureEnvoy(run, silent, { cacheDir: dir.path, arch: 'x64' })).toThrow()
    expect(existsSync(join(dir.path, 'envoy.download', 'envoy'))).toBe(false)
    expect(asked[0]).toContain('--require-hashes')
  })

  test('an unknown processor says so', () => {
    const run: Execute = () => ({ status: 0, output: '' })
    expect(() => ensureEnvoy(run, silent, { cacheDir: '/nonexistent', arch: 'mips' })).toThrow(
      'mips',
    )
  })
})
