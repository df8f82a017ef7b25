import { watch, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { systemCode } from '../error.ts'
import { abortableSleep, isAbort, sleepUnless } from '../rotation/sleep.ts'
import { fingerprint } from './identity-files.ts'

/** Options of {@link watchDirectory}. */
export interface WatchDirectoryOptions {
  /** Directory of the three files. */
  readonly directory: string
  /** How often the files are looked at even when the kernel reports nothing, ms. */
  readonly pollMs: number
  /** How long a writer gets to finish after an event of the kernel, ms. */
  readonly settleMs: number
  /** Ends the watch. */
  readonly signal: AbortSignal
  /** Called after each change of a file, and once at the start. */
  readonly onChange: () => Promise<void>
}

/**
 * Calls back when one of the files has been written or replaced, directly or by a swap of a link
 * on the way to it. Resolves when the signal aborts.
 *
 * The kernel's events only make this quick; looking at the files decides. So nothing is missed
 * when the directory itself is replaced, does not exist yet, or is on a file system without events.
 */
export async function watchDirectory(options: WatchDirectoryOptions): Promise<void> {
  const { directory, pollMs, settleMs, signal, onChange } = options
  const bell = new Bell(directory)
  let seen: string | undefined
  try {
    while (!signal.aborted) {
      await bell.arm()
      const current = await fingerprint(directory)
      if (current !== seen) {
        seen = current
        await onChange()
      }
      const rung = await sleepUnless({ ms: pollMs, wake: bell.rings(), signal })
      if (rung) await abortableSleep(settleMs, signal)
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error
  } finally {
    bell.close()
  }
}

/** Rings when the kernel reports something about a directory. */
class Bell {
  readonly #directory: string
  #watcher: FSWatcher | undefined
  #watched = ''
  #rung = Promise.withResolvers<true>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Watches the directory that stands at the path now. Before the files are looked at. */
  async arm(): Promise<void> {
    this.#rung = Promise.withResolvers<true>()
    const standing = await this.#standing()
    if (standing === this.#watched && this.#watcher !== undefined) return
    this.close()
    if (standing === '') return
    try {
      this.#watcher = watch(this.#directory, { persistent: false }, () => this.#rung.resolve(true))
      this.#watcher.on('error', () => this.close())
      this.#watched = standing
    } catch (error) {
      // No more watches to be had, or removed meanwhile: the look every pollMs remains.
      if (systemCode(error) === undefined) throw error
    }
  }

  rings(): Promise<true> {
    return this.#rung.promise
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  async #standing(): Promise<string> {
    try {
      const { dev, ino } = await stat(this.#directory, { bigint: true })
      return `${dev}:${ino}`
    } catch (error) {
      // Absent or not to be looked at: the files say so when they are read.
      if (systemCode(error) === undefined) throw error
      return ''
    }
  }
}
