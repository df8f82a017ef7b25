import { afterEach, describe, expect, test } from 'vitest'
import {
  rotateIdentity,
  workloadSpiffeId,
  type IdentitySource,
  type RotateOptions,
  type RotationFailure,
  type SourceEvent,
  type WorkloadIdentity,
} from '../src/index.ts'
import { memoryCa } from '../src/testing/index.ts'

const spiffeId = workloadSpiffeId('cluster.local', 'default', 'reviews')
const start = Date.parse('2030-01-01T00:00:00Z')
const hour = 3_600_000

/** A rotation on a clock that jumps to the end of each wait, and stops after so many waits. */
class Scene {
  nowMs = start
  readonly waits: number[] = []
  readonly delivered: { atMs: number; identity: WorkloadIdentity }[] = []
  readonly failures: RotationFailure[] = []
  readonly controller = new AbortController()
  readonly now = (): Date => new Date(this.nowMs)
  maxWaits = 10
  /** Called at the start of each wait; true keeps the wait open. */
  onWait: (ms: number) => boolean = () => false

  async run(source: IdentitySource, options: Partial<RotateOptions> = {}): Promise<void> {
    await rotateIdentity({
      source,
      spiffeId,
      deliver: (identity) => {
        this.delivered.push({ atMs: this.nowMs, identity })
        return Promise.resolve()
      },
      onFailure: (failure) => this.failures.push(failure),
      now: this.now,
      random: () => 0.5,
      signal: this.controller.signal,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      ...options,
    })
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    await Promise.resolve()
    this.waits.push(ms)
    if (this.waits.length > this.maxWaits) this.controller.abort()
    const open = this.onWait(ms)
    signal.throwIfAborted()
    if (open) {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
    }
    signal.throwIfAborted()
    this.nowMs += ms
  }
}

let scene = new Scene()
afterEach(() => {
  scene = new Scene()
})

async function hourly(): Promise<IdentitySource> {
  return memoryCa({ leafLifetimeMs: hour, now: scene.now })
}

/** A source that fails as long as `broken` says so. */
function flaky(inner: IdentitySource, broken: () => boolean): IdentitySource {
  return {
    ...inner,
    issue: (id) => (broken() ? Promise.reject(new Error('source is away')) : inner.issue(id)),
  }
}

describe('rotateIdentity', () => {
  test('asks at once, and then at half of each lifetime', async () => {
    scene.maxWaits = 4
    await scene.run(await hourly())
    expect(scene.delivered.map(({ atMs }) => (atMs - start) / hour)).toEqual([0, 0.5, 1, 1.5, 2])
    expect(new Set(scene.delivered.map(({ identity }) => identity.serialNumber)).size).toBe(5)
    expect(scene.failures).toEqual([])
  })

  test('waits for the half-life of the identity in use', async () => {
    scene.maxWaits = 1
    const source = await hourly()
    await scene.run(source, { current: await source.issue(spiffeId) })
    expect(scene.delivered.map(({ atMs }) => atMs - start)).toEqual([hour / 2])
  })

  test('keeps the old identity and tries again with back-off while the source is away', async () => {
    scene.maxWaits = 8
    const source = await hourly()
    const away = (): boolean => scene.nowMs >= start + hour / 2 && scene.nowMs < start + 0.52 * hour
    await scene.run(flaky(source, away))
    const [first] = scene.failures
    expect(first).toMatchObject({ failures: 1, retryAt: new Date(start + hour / 2 + 750) })
    expect(first?.usableUntil).toEqual(new Date(start + hour))
    expect(scene.failures.map(({ failures }) => failures)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(scene.waits.slice(1, 8)).toEqual([750, 1500, 3000, 6000, 12_000, 24_000, 48_000])
    expect(scene.delivered.map(({ atMs }) => atMs < start + hour)).toEqual([true, true])
  })

  test('tries more often when expiry is near, and goes on after it', async () => {
    scene.maxWaits = 60
    await scene.run(flaky(await hourly(), () => scene.nowMs > start))
    const attempts = scene.failures.map(({ retryAt }) => retryAt.getTime() - start)
    const soon = attempts.filter((ms) => ms > 0.95 * hour && ms <= hour)
    expect(soon.length).toBeGreaterThanOrEqual(4)
    expect(attempts.filter((ms) => ms > hour).length).toBeGreaterThan(0)
    expect(Math.max(...scene.waits.slice(1))).toBeLessThanOrEqual(300_000)
  })

  test('tries again when the delivery fails, and tells why', async () => {
    scene.maxWaits = 2
    let broken = true
    const delivered: string[] = []
    await scene.run(await hourly(), {
      deliver: ({ serialNumber }) => {
        if (broken) {
          broken = false
          return Promise.reject(new Error('disk full'))
        }
        delivered.push(serialNumber)
        return Promise.resolve()
      },
    })
    expect(scene.failures).toMatchObject([
      { error: new Error('disk full'), usableUntil: undefined },
    ])
    expect(delivered).toHaveLength(2)
  })

  test('does not deliver again, nor ask in a hurry, when the source has nothing newer', async () => {
    scene.maxWaits = 12
    const identity = await (await hourly()).issue(spiffeId)
    const source = { ...(await hourly()), issue: () => Promise.resolve(identity) }
    await scene.run(source)
    expect(scene.delivered).toHaveLength(1)
    expect(scene.waits.slice(1).every((ms) => ms >= 500)).toBe(true)
    expect(scene.failures).toEqual([])
  })

  test('does not run faster and faster when certificates end with their root', async () => {
    scene.maxWaits = 200
    const inner = await hourly()
    const end = new Date(start + hour)
    const source: IdentitySource = {
      ...inner,
      issue: async (id) => {
        const fresh = await inner.issue(id)
        return { ...fresh, privateKeyPem: '', issuedAt: scene.now(), notAfter: end }
      },
    }
    await scene.run(source)
    expect(Math.min(...scene.waits)).toBeGreaterThanOrEqual(500)
    const before = scene.delivered.filter(({ atMs }) => atMs < start + hour)
    expect(before.length).toBeLessThan(60)
  })

  test('asks at once when the source reports new material', async () => {
    const inner = await hourly()
    let tell: (event: SourceEvent) => void = () => undefined
    const source: IdentitySource = {
      ...inner,
      watch: ({ signal, onEvent }) => {
        tell = onEvent
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve())
        })
      },
    }
    scene.onWait = () => {
      if (scene.delivered.length === 1) tell({ kind: 'updated' })
      else scene.controller.abort()
      return true
    }
    await scene.run(source)
    expect(scene.delivered.map(({ atMs }) => atMs)).toEqual([start, start])
  })

  test('passes on what the source rejects, and begins a broken watch again', async () => {
    const inner = await hourly()
    let watches = 0
    const source: IdentitySource = {
      ...inner,
      watch: ({ onEvent }) => {
        watches += 1
        if (watches < 3) return Promise.reject(new Error(`watch ${watches}`))
        onEvent({ kind: 'rejected', error: new Error('bad file') })
        scene.controller.abort()
        return Promise.resolve()
      },
    }
    scene.onWait = () => true
    await scene.run(source, { backOff: { initialMs: 1 } })
    expect(scene.failures.map(({ error }) => (error as Error).message)).toEqual([
      'watch 1',
      'watch 2',
      'bad file',
    ])
  })

  test('resolves when the signal aborts, before or during a wait', async () => {
    const source = await hourly()
    await scene.run(source, { signal: AbortSignal.abort() })
    expect(scene.delivered).toEqual([])
    scene.onWait = () => {
      scene.controller.abort(new Error('stopping'))
      return true
    }
    await scene.run(source)
    expect(scene.delivered).toHaveLength(1)
  })

  test('ends a wait of a real timer when the signal aborts', async () => {
    const controller = new AbortController()
    const source = await memoryCa()
    const done = rotateIdentity({
      source,
      spiffeId,
      deliver: () => {
        setImmediate(() => controller.abort())
        return Promise.resolve()
      },
      onFailure: (failure) => expect(failure).toBeUndefined(),
      now: () => new Date(),
      random: () => 0.5,
      signal: controller.signal,
    })
    await expect(done).resolves.toBeUndefined()
  })
})
