import { type CniResult } from '@proxy/cni-types'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type CniIo, type CniPlugin, dispatch } from '../src/index.ts'
import { confOf, envOf } from './cases.ts'

const plugin: CniPlugin = {
  add: () => ({ cniVersion: '1.1.0' }),
  del: () => undefined,
}

interface Seen {
  stdout: string
  stderr: string
  exitCode: number
}

async function call(changes: Partial<CniIo> = {}, changed: Partial<CniPlugin> = {}): Promise<Seen> {
  const seen = { stdout: '', stderr: '' }
  const exitCode = await dispatch(
    { ...plugin, ...changed },
    {
      env: envOf('ADD'),
      stdin: chunks(confOf()),
      stdout: { write: (text) => (seen.stdout += text) },
      stderr: { write: (text) => (seen.stderr += text) },
      ...changes,
    },
  )
  return { ...seen, exitCode }
}

async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const part of parts) yield await Promise.resolve(part)
}

describe('stdin', () => {
  test('comes in chunks, cut anywhere', async () => {
    const bytes = new TextEncoder().encode(confOf({ ü: '😀' }))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const parts = edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
        let seen: Uint8Array | undefined
        const add = ({ stdin }: { stdin: Uint8Array }): CniResult => {
          seen = stdin
          return { cniVersion: '1.1.0' }
        }
        expect((await call({ stdin: chunks(...parts) }, { add })).exitCode).toBe(0)
        expect(seen).toEqual(bytes)
      }),
    )
  })

  test('of text, too', async () => {
    const { exitCode } = await call({ stdin: chunks(confOf().slice(0, 5), confOf().slice(5)) })
    expect(exitCode).toBe(0)
  })

  test.for([
    ['an iterable', () => chunks('x'.repeat(11))],
    ['a function', () => () => Promise.resolve(new Uint8Array(11))],
  ] as const)('longer than allowed, from %s: code 5', async ([, stdin]) => {
    const { stdout, exitCode } = await call({ stdin: stdin(), maxStdinBytes: 10 })
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      code: 5,
      msg: 'error reading from stdin: more than 10 bytes',
    })
  })

  test('is not read on when it is too long', async () => {
    let read = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        read++
        yield await Promise.resolve(new Uint8Array(10))
      }
    }
    await call({ stdin: endless(), maxStdinBytes: 95 })
    expect(read).toBe(10)
  })

  test('that fails: code 5', async () => {
    const { stdout } = await call({ stdin: () => Promise.reject(new Error('pipe burst')) })
    expect(JSON.parse(stdout)).toEqual({ code: 5, msg: 'error reading from stdin: pipe burst' })
  })

  test('is not touched for VERSION, nor after a wrong environment', async () => {
    const stdin = (): never => {
      throw new Error('read')
    }
    expect((await call({ env: { CNI_COMMAND: 'VERSION' }, stdin })).exitCode).toBe(0)
    const { stdout } = await call({ env: { CNI_COMMAND: 'ADD' }, stdin })
    expect(JSON.parse(stdout)).toMatchObject({ code: 4 })
  })
})

describe('the namespace check', () => {
  test('is asked for after the call, with the path', async () => {
    const order: string[] = []
    const add = (): CniResult => {
      order.push('add')
      return { cniVersion: '1.1.0' }
    }
    const isOwnNetns = (path: string): Promise<boolean> => {
      order.push(path)
      return Promise.resolve(false)
    }
    const { exitCode } = await call({ env: envOf('ADD', { CNI_NETNS: '/x' }), isOwnNetns }, { add })
    expect(exitCode).toBe(0)
    expect(order).toEqual(['add', '/x'])
  })

  test('that fails: code 8', async () => {
    const isOwnNetns = (): Promise<boolean> => Promise.reject(new Error('x'))
    const { stdout, exitCode } = await call({ isOwnNetns })
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ code: 8, msg: "get plugin's netns failed" })
  })

  test('is not made without a namespace, nor without a function for it', async () => {
    const isOwnNetns = (): Promise<boolean> => Promise.resolve(true)
    expect((await call({ env: envOf('DEL', { CNI_NETNS: '' }), isOwnNetns })).exitCode).toBe(0)
    expect((await call({ env: envOf('ADD', { CNI_NETNS: '/proc/self/ns/net' }) })).exitCode).toBe(0)
  })
})

describe('never throws', () => {
  test('when stdout is gone', async () => {
    const write = (): never => {
      throw new Error('EPIPE')
    }
    expect((await call({ stdout: { write } })).exitCode).toBe(1)
    expect((await call({ stdout: { write }, stderr: { write } })).exitCode).toBe(1)
    const env = {}
    expect((await call({ env, stderr: { write } }, { about: 'x' })).exitCode).toBe(1)
  })

  test('whatever comes in: an exit code, and on stdout one JSON document or nothing', async () => {
    const value = fc.oneof(fc.string(), fc.constantFrom('', 'ADD', 'DEL', 'GC', 'VERSION', 'eth0'))
    const names = ['CNI_COMMAND', 'CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']
    const env = fc.record(Object.fromEntries(names.map((name) => [name, value])))
    const stdin = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc
        .record({ name: fc.jsonValue(), cniVersion: fc.jsonValue(), prevResult: fc.jsonValue() })
        .map((conf) => new TextEncoder().encode(JSON.stringify(conf))),
    )
    await fc.assert(
      fc.asyncProperty(env, stdin, async (variables, bytes) => {
        const { stdout, exitCode } = await call({
          env: variables,
          stdin: () => Promise.resolve(bytes),
        })
        const decoded: unknown = stdout === '' ? {} : JSON.parse(stdout)
        expect([0, 1]).toContain(exitCode)
        expect(typeof decoded === 'object' && decoded !== null && 'code' in decoded).toBe(
          exitCode === 1,
        )
      }),
      { numRuns: 500 },
    )
  })

  test('when the plugin throws what cannot be printed', async () => {
    const add = (): never => {
      throw Object.create(null)
    }
    const { exitCode, stdout } = await call({}, { add })
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ code: 999 })
  })

  test('when a result cannot be printed', async () => {
    const loop: Record<string, unknown> = {}
    loop['loop'] = loop
    const add = (): CniResult => ({ cniVersion: '1.1.0', ...loop })
    const { exitCode, stdout } = await call({}, { add })
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ code: 999 })
  })
})
