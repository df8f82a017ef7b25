import { NetnsError } from './error.ts'
import { type HelperAnswer, HelperProcess, type HelperProcessOptions } from './helper-process.ts'
import { type HelperCall } from './protocol.ts'

/** One call: what to ask, its binary part, and how long to wait. */
export interface SupervisedCall {
  readonly parts?: readonly Uint8Array[]
  readonly signal?: AbortSignal | undefined
  /** Milliseconds beside the usual time; for calls that take as long as the caller says. */
  readonly extraMs?: number
}

/** Makes calls to the helper process, and starts a new one when there is none. */
export class HelperSupervisor {
  readonly #options: HelperProcessOptions & { readonly requestTimeoutMs: number }
  #current: Promise<HelperProcess> | undefined
  #alive: HelperProcess | undefined
  #closing: Promise<void> | undefined

  constructor(options: HelperProcessOptions & { readonly requestTimeoutMs: number }) {
    this.#options = options
  }

  /** The process id; undefined while there is no process. */
  get pid(): number | undefined {
    return this.#alive?.alive === true ? this.#alive.pid : undefined
  }

  /** Makes a call. Throws what the helper answers and what {@link HelperProcess} throws. */
  async call(
    call: HelperCall,
    { parts, signal, extraMs = 0 }: SupervisedCall = {},
  ): Promise<HelperAnswer> {
    const helper = await this.start()
    const timeoutMs = this.#options.requestTimeoutMs + extraMs
    return helper.call({ call, ...(parts === undefined ? {} : { parts }), timeoutMs, signal })
  }

  /** The running process, or a new one. Throws `helper-start-failed` or `helper-closed`. */
  async start(): Promise<HelperProcess> {
    if (this.#closing !== undefined) {
      throw new NetnsError('helper-closed', 'the namespace helper was closed, start another')
    }
    if (this.#alive?.alive === false) this.#current = this.#alive = undefined
    this.#current ??= HelperProcess.start(this.#options)
    const starting = this.#current
    try {
      return (this.#alive = await starting)
    } catch (error) {
      if (this.#current === starting) this.#current = undefined // the next call tries again
      throw error
    }
  }

  /** Ends the process; no call is possible afterwards. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const [started] = await Promise.allSettled(this.#current === undefined ? [] : [this.#current])
    if (started?.status === 'fulfilled') await started.value.close()
  }
}
