import { type ChildProcess, spawn } from 'node:child_process'
import { type Socket } from 'node:net'

import { NetnsError } from './error.ts'
import { encodeFrame, type Frame, frameDecoder } from './frame.ts'
import { ownNetns, sameNetns } from './identity.ts'
import {
  CHANNEL_FD,
  type HelperCall,
  PROTOCOL_VERSION,
  type ReadyHeader,
  type ReplyHeader,
  type RequestHeader,
} from './protocol.ts'

/** How one helper process is started. */
export interface HelperProcessOptions {
  readonly helperPath: string
  readonly nodePath: string
  readonly startTimeoutMs: number
}

/** The answer to a call, with its binary parts. */
export interface HelperAnswer {
  readonly value: unknown
  readonly parts: readonly Uint8Array[]
}

/** A call as it is made. */
export interface HelperRequest {
  readonly call: HelperCall
  readonly parts?: readonly Uint8Array[]
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

interface Pending {
  readonly resolve: (answer: HelperAnswer) => void
  readonly reject: (error: NetnsError) => void
}

/** How much of what a dying helper wrote to its standard error goes into error messages, characters. */
const STDERR_TAIL = 2000
/** A helper that was asked to end and has not is killed after this, milliseconds. */
const CLOSE_GRACE_MS = 2000

/** One life of the helper process. */
export class HelperProcess {
  readonly #child: ChildProcess
  readonly #channel: Socket
  readonly #pending = new Map<number, Pending>()
  readonly #exited: Promise<void>
  #lastId = 0
  #lastHeard = 0
  #stderr = ''
  #ended: string | undefined
  #closing = false

  /** Starts a process and waits until it answers. Throws `helper-start-failed`. */
  static async start(options: HelperProcessOptions): Promise<HelperProcess> {
    const started = new HelperProcess(options)
    await started.#becomeReady(options.startTimeoutMs)
    return started
  }

  private constructor({ helperPath, nodePath }: HelperProcessOptions) {
    // Few threads and a small heap: the work is done by the kernel.
    const flags = ['--v8-pool-size=1', '--max-old-space-size=64', '--max-semi-space-size=8']
    this.#child = spawn(nodePath, [...flags, helperPath], {
      cwd: '/',
      env: helperEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
    this.#channel = channelOf(this.#child)
    this.#exited = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#end(how)
        resolve()
      }
      this.#child.once('error', (error) => end(error.message))
      // Not `exit`: answers it gave before its end may still have to be read.
      this.#child.once('close', (code, signal) =>
        end(signal === null ? `exit code ${String(code)}` : `signal ${signal}`),
      )
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL)
    })
  }

  /** Its process id. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Whether it can take calls. */
  get alive(): boolean {
    return this.#ended === undefined
  }

  /** Makes a call. Throws what the helper answers, `helper-died`, `timeout` or `aborted`. */
  call({ call, parts = [], timeoutMs, signal }: HelperRequest): Promise<HelperAnswer> {
    const id = ++this.#lastId
    return new Promise<HelperAnswer>((resolve, reject) => {
      if (signal?.aborted === true) throw aborted(call, signal)
      if (this.#ended !== undefined) throw this.#died(call.op)
      const sentAt = performance.now()
      const settle = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        this.#pending.delete(id)
        this.#holdOpen()
      }
      const giveUp = (error: NetnsError): void => {
        this.#send({ op: 'cancel', id })
        settle()
        reject(error)
      }
      const onAbort = (): void => signal && giveUp(aborted(call, signal))
      const timer = setTimeout(() => {
        // A helper that answers nobody is stuck inside one call: only a new one can help.
        if (this.#lastHeard < sentAt) this.kill()
        giveUp(
          new NetnsError('timeout', `${call.op}: no answer from the helper in ${timeoutMs} ms`),
        )
      }, timeoutMs)
      signal?.addEventListener('abort', onAbort)
      this.#pending.set(id, {
        resolve: (answer) => {
          settle()
          resolve(answer)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      })
      this.#holdOpen()
      this.#send({ ...call, id }, parts)
    })
  }

  /** Lets it end, and waits until it has. */
  async close(): Promise<void> {
    this.#closing = true
    if (this.#ended !== undefined) return
    this.#channel.ref()
    this.#child.ref()
    this.#channel.end()
    const timer = setTimeout(() => this.kill(), CLOSE_GRACE_MS)
    await this.#exited
    clearTimeout(timer)
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #becomeReady(timeoutMs: number): Promise<void> {
    const decode = frameDecoder()
    let receive: (frame: Frame) => void = () => undefined
    const first = new Promise<Frame>((resolve) => (receive = resolve))
    this.#channel.on('error', () => this.kill()) // the end of the process tells the rest
    this.#channel.on('data', (chunk: Uint8Array) => {
      this.#lastHeard = performance.now()
      try {
        for (const frame of decode(chunk)) receive(frame)
      } catch {
        this.kill() // not a helper, or one that lost its mind
      }
    })
    const timer = setTimeout(() => this.kill(), timeoutMs)
    try {
      const frame = await Promise.race([first, this.#exited])
      if (frame === undefined) throw this.#failedToStart(this.#ended ?? 'it ended')
      const { ready, netns } = frame.header as ReadyHeader
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- it came from outside
      if (ready !== PROTOCOL_VERSION) throw this.#failedToStart('it is of another version')
      if (!sameNetns(netns, ownNetns())) throw this.#failedToStart('it is in another namespace')
    } catch (error) {
      this.kill()
      throw error
    } finally {
      clearTimeout(timer)
    }
    receive = (frame) => this.#receive(frame)
    this.#holdOpen()
  }

  #receive({ header, parts }: Frame): void {
    const reply = header as ReplyHeader
    const pending = this.#pending.get(reply.id)
    if (pending === undefined) return // given up
    if (reply.ok) {
      pending.resolve({ value: reply.value, parts })
    } else {
      const { code, message, errno } = reply.error
      pending.reject(new NetnsError(code, message, { errno }))
    }
  }

  #send(header: RequestHeader, parts: readonly Uint8Array[] = []): void {
    if (this.#channel.writable) this.#channel.write(encodeFrame(header, parts))
  }

  /** The program stays for answers it waits for, and not for an idle helper. */
  #holdOpen(): void {
    if (this.#ended !== undefined) return
    const how = this.#pending.size > 0 ? 'ref' : 'unref'
    this.#channel[how]()
    this.#child[how]()
    const stderr = this.#child.stderr as Socket | null
    stderr?.unref()
  }

  #end(how: string): void {
    this.#ended ??= how
    this.#channel.destroy()
    for (const { reject } of [...this.#pending.values()]) reject(this.#died('answer'))
  }

  #died(doing: string): NetnsError {
    if (this.#closing) {
      return new NetnsError('helper-closed', `${doing}: the namespace helper was closed meanwhile`)
    }
    return new NetnsError(
      'helper-died',
      `${doing}: the namespace helper ended before it answered: ${this.#how()}`,
    )
  }

  #failedToStart(why: string): NetnsError {
    const more = this.#stderr === '' ? '' : `: ${this.#stderr.trim()}`
    return new NetnsError('helper-start-failed', `start the namespace helper: ${why}${more}`)
  }

  #how(): string {
    return [this.#ended ?? 'unknown', this.#stderr.trim()].filter((text) => text !== '').join(': ')
  }
}

/** With no descriptor left there is no channel, whatever the types say. */
function channelOf(
  child: Partial<Pick<ChildProcess, 'stdio'>> & Pick<ChildProcess, 'once'>,
): Socket {
  const channel = child.stdio?.[CHANNEL_FD]
  if (channel) return channel as Socket
  child.once('error', () => undefined)
  const message = 'start the namespace helper: no process can be made, too many files may be open'
  throw new NetnsError('helper-start-failed', message)
}

function aborted(call: HelperCall, signal: AbortSignal): NetnsError {
  return new NetnsError('aborted', `${call.op}: the caller gave up`, { cause: signal.reason })
}

/** Nothing of the parent's environment but the search path: NODE_OPTIONS and the like change Node. */
function helperEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    UV_THREADPOOL_SIZE: '1',
    UV_USE_IO_URING: '0',
  }
}
