import { type IdentitySource, type SourceEvent } from '../identity/source.ts'
import { type SpiffeId } from '../identity/spiffe-id.ts'
import { type WorkloadIdentity } from '../identity/workload-identity.ts'
import { backOffMs, type BackOffOptions } from './back-off.ts'
import { nextRotation, type RotationOptions } from './next-rotation.ts'
import { abortableSleep, isAbort, sleepUnless, type Sleep } from './sleep.ts'

/** One attempt that failed. */
export interface RotationFailure {
  /** What the source, the delivery or the watch threw. */
  readonly error: unknown
  /** Failures in a row, this one included. */
  readonly failures: number
  /** When the next attempt is made. */
  readonly retryAt: Date
  /** Until when the identity that is still in use is valid; undefined when there is none. */
  readonly usableUntil: Date | undefined
}

/** Options of {@link rotateIdentity}. */
export interface RotateOptions extends RotationOptions {
  /** Where the identities come from. */
  readonly source: IdentitySource
  /** Whose identity this is. */
  readonly spiffeId: SpiffeId
  /** The identity that is in use already; the first one is asked for at once when absent. */
  readonly current?: WorkloadIdentity
  /** Puts a new identity into use, such as by `writeSdsFiles`. Tried again when it throws. */
  readonly deliver: (identity: WorkloadIdentity) => Promise<void>
  /** Told of each failure. The old identity stays in use meanwhile. Must not throw. */
  readonly onFailure: (failure: RotationFailure) => void
  /** Waits between failures. */
  readonly backOff?: Omit<BackOffOptions, 'random'>
  /** The clock. */
  readonly now: () => Date
  /** Ends the rotation. */
  readonly signal: AbortSignal
  /** Waits; for tests. Default a timer. */
  readonly sleep?: Sleep
}

/**
 * Keeps one identity fresh until the signal aborts, then resolves: replaces it at a share of its
 * lifetime, and at once when the source reports new material. A failure leaves the old one in use
 * and is tried again with back-off, sooner when expiry is near.
 */
export async function rotateIdentity(options: RotateOptions): Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  const rotation = new Rotation(options, signal)
  try {
    await Promise.all([rotation.run(), rotation.watch()])
  } catch (error) {
    if (!isAbort(error, options.signal)) throw error
  } finally {
    ended.abort()
  }
}

class Rotation {
  readonly #options: RotateOptions
  readonly #signal: AbortSignal
  #current: WorkloadIdentity | undefined
  #failures = 0
  /** Attempts in a row that brought nothing that is valid for longer. */
  #futile = 0
  #dueMs: number
  #wake = Promise.withResolvers<true>()

  constructor(options: RotateOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    this.#current = options.current
    this.#dueMs = options.current === undefined ? this.#nowMs() : this.#rotationMs(options.current)
  }

  async run(): Promise<void> {
    for (;;) {
      await this.#waitUntilDue()
      this.#dueMs = await this.#attempt()
    }
  }

  /** Wakes the rotation when the source has something new; a watch that breaks is begun again. */
  async watch(): Promise<void> {
    const { source, backOff, random } = this.#options
    if (source.watch === undefined) return
    for (let failures = 1; ; failures++) {
      try {
        await source.watch({ signal: this.#signal, onEvent: (event) => this.#hear(event) })
        return
      } catch (error) {
        if (isAbort(error, this.#signal)) throw error
        this.#report(error)
        await abortableSleep(backOffMs(failures, { ...backOff, random }), this.#signal)
      }
    }
  }

  #hear(event: SourceEvent): void {
    if (event.kind === 'updated') this.#wake.resolve(true)
    else this.#report(event.error)
  }

  /** Asks, delivers, and says when to ask again. */
  async #attempt(): Promise<number> {
    const { source, spiffeId, deliver } = this.#options
    const before = this.#current
    try {
      const identity = await source.issue(spiffeId, { signal: this.#signal })
      this.#signal.throwIfAborted()
      if (before === undefined || differs(before, identity)) await deliver(identity)
      this.#current = identity
      this.#failures = 0
      const longer = before === undefined || identity.notAfter > before.notAfter
      this.#futile = longer ? 0 : this.#futile + 1
      // Not at once again, whatever the certificate says: the source may have nothing newer, or
      // its certificates end with a root that is about to expire.
      return Math.max(this.#rotationMs(identity), this.#nowMs() + this.#retryMs(this.#futile + 1))
    } catch (error) {
      if (isAbort(error, this.#signal)) throw error
      this.#failures += 1
      this.#dueMs = this.#nowMs() + this.#retryMs(this.#failures)
      this.#report(error)
      return this.#dueMs
    }
  }

  /** Back-off, but at least four more attempts fit into what is left of the certificate. */
  #retryMs(attempts: number): number {
    const { backOff, random } = this.#options
    const waitMs = backOffMs(attempts, { ...backOff, random })
    const leftMs = (this.#current?.notAfter.getTime() ?? 0) - this.#nowMs()
    if (leftMs <= 0) return waitMs
    return Math.min(waitMs, Math.max(leftMs / 4, backOffMs(1, { ...backOff, random })))
  }

  #report(error: unknown): void {
    this.#options.onFailure({
      error,
      failures: this.#failures,
      retryAt: new Date(this.#dueMs),
      usableUntil: this.#current?.notAfter,
    })
  }

  async #waitUntilDue(): Promise<void> {
    const { sleep } = this.#options
    for (;;) {
      this.#signal.throwIfAborted()
      const ms = this.#dueMs - this.#nowMs()
      if (ms <= 0) return
      const wake = this.#wake.promise
      const options = { ms, wake, signal: this.#signal }
      if (await sleepUnless(sleep === undefined ? options : { ...options, sleep })) break
    }
    this.#wake = Promise.withResolvers<true>()
  }

  #rotationMs(identity: WorkloadIdentity): number {
    return nextRotation(identity, this.#options).getTime()
  }

  #nowMs(): number {
    return this.#options.now().getTime()
  }
}

function differs(one: WorkloadIdentity, other: WorkloadIdentity): boolean {
  return (
    one.certificateChainPem !== other.certificateChainPem ||
    one.trustBundlePem !== other.trustBundlePem
  )
}
