import { describe, expect, test } from 'vitest'
import { type EnvoyAdmin, EnvoyRuntimeError, waitUntilReady } from '../src/index.ts'
import { fakeRuntime } from '../src/testing/index.ts'

const unreachable = (): Promise<never> =>
  Promise.reject(new EnvoyRuntimeError('admin-unreachable', 'nobody there'))
const both = [
  { name: 'inbound', addresses: [] },
  { name: 'outbound', addresses: [] },
]

function adminWith(change: Partial<EnvoyAdmin>): EnvoyAdmin {
  const admin = fakeRuntime({ stateDirectory: '/nowhere' }).admin('x')
  return { ...admin, listeners: () => Promise.resolve(both), ...change }
}
const probeThat = (
  alive: boolean,
  ...lines: string[]
): { alive(): Promise<boolean>; logLines(): Promise<readonly string[]> } => ({
  alive: () => Promise.resolve(alive),
  logLines: () => Promise.resolve(lines),
})

describe('waitUntilReady', () => {
  test('waits through no socket and not live', async () => {
    let asked = 0
    const ready = (): Promise<boolean> => {
      asked += 1
      if (asked === 1) return unreachable()
      return Promise.resolve(asked === 3)
    }
    await waitUntilReady({ admin: adminWith({ ready }), probe: probeThat(true) })
    expect(asked).toBe(3)
  })

  test.for([
    ['exited', 'some last words'],
    ['config-invalid', "error initializing config 'x': Unable to parse JSON as proto"],
    ['port-in-use', "cannot bind '0.0.0.0:15006': Address already in use"],
  ] as const)('a dead process is %s: %s', async ([code, line]) => {
    const error: unknown = await waitUntilReady({
      admin: adminWith({ ready: unreachable }),
      probe: probeThat(false, line),
    }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code, logLines: [line] })
    expect(String(error)).toContain(line)
  })

  test.for([
    ['port-in-use', "error adding listener 'outbound': Address already in use"],
    ['config-invalid', "error adding listener 'outbound': no such filter"],
    ['listener-missing', 'nothing about it'],
  ] as const)('live without a listener is %s: %s', async ([code, line]) => {
    const listeners = (): ReturnType<EnvoyAdmin['listeners']> => Promise.resolve(both.slice(0, 1))
    const error: unknown = await waitUntilReady({
      admin: adminWith({ listeners }),
      probe: probeThat(true, line),
    }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code })
    expect(String(error)).toContain('outbound')
  })

  test('ends when the time is over', async () => {
    const admin = adminWith({ ready: () => Promise.resolve(false) })
    const error: unknown = await waitUntilReady({ admin, timeoutMs: 30 }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code: 'not-ready', retryable: true })
  })

  test('ends when aborted', async () => {
    const admin = adminWith({ ready: () => Promise.resolve(false) })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(waitUntilReady({ admin, signal })).rejects.toThrow('enough')
  })

  test('a listener list of the caller', async () => {
    const admin = adminWith({ listeners: () => Promise.resolve([]) })
    await expect(waitUntilReady({ admin, listeners: [] })).resolves.toBeUndefined()
  })
})
