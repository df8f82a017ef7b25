import { sidecarBootstrap } from '@proxy/envoy-config'
import { createTempDir, type TempDir } from '@proxy/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EnvoyRuntimeError, type SidecarSpec } from '../src/index.ts'
import { type FakeRuntime, fakeRuntime } from '../src/testing/index.ts'

let temp: TempDir
let runtime: FakeRuntime
beforeEach(async () => {
  temp = await createTempDir('fake')
  runtime = fakeRuntime({ stateDirectory: temp.path })
})
afterEach(() => temp[Symbol.asyncDispose]())

const specOf = (id: string): SidecarSpec => {
  const paths = runtime.paths(id)
  return {
    ...{ id, netnsPath: '/run/netns/x' },
    bootstrap: sidecarBootstrap({
      node: { pod: 'p', namespace: 'n', containerId: id },
      ...{ trustDomain: 'a.test', adminSocket: paths.adminSocket, sdsDirectory: paths.sds },
      outboundListenerFile: '/x/outbound.json',
    }),
  }
}

describe('fakeRuntime', () => {
  test('goes through the states of a sidecar as a real one does', async () => {
    expect(await runtime.inspect('one')).toBeUndefined()
    await runtime.prepare('one')
    expect((await runtime.inspect('one'))?.state).toBe('prepared')
    const first = await runtime.start(specOf('one'))
    expect((await runtime.start(specOf('one'))).pid).toBe(first.pid)
    await expect(runtime.start({ ...specOf('one'), concurrency: 2 })).rejects.toMatchObject({
      code: 'conflict',
    })
    await runtime.waitUntilReady('one')
    runtime.crash('one')
    expect((await runtime.inspect('one'))?.state).toBe('exited')
    await expect(runtime.waitUntilReady('one')).rejects.toMatchObject({ code: 'exited' })
    await expect(runtime.stats('one')).rejects.toMatchObject({ code: 'not-found' })
    const second = await runtime.start(specOf('one'))
    expect(second.pid).not.toBe(first.pid)
    expect(await runtime.stop('one')).toBe('drained')
    expect(await runtime.stop('one')).toBe('not-running')
    await runtime.remove('one')
    await runtime.remove('one')
    expect(await runtime.list()).toEqual([])
  })

  test('fails once when told to, and remembers what it was asked', async () => {
    runtime.failNext('start', new EnvoyRuntimeError('launch-failed', 'on purpose'))
    await expect(runtime.start(specOf('one'))).rejects.toThrow('on purpose')
    await runtime.start(specOf('one'))
    expect(runtime.calls).toEqual(['start one', 'start one'])
    expect(runtime.specs.get('one')?.netnsPath).toBe('/run/netns/x')
  })
})
