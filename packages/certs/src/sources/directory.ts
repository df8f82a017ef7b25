import { resolve } from 'node:path'
import { CertsError } from '../error.ts'
import { type IdentitySource, type SourceEvent, type WatchOptions } from '../identity/source.ts'
import { type SpiffeId } from '../identity/spiffe-id.ts'
import { type WorkloadIdentity } from '../identity/workload-identity.ts'
import { readIdentityFiles } from './identity-files.ts'
import { watchDirectory } from './watch-directory.ts'

/** Options of {@link directorySource}. */
export interface DirectorySourceOptions {
  /** Directory that holds `cert-chain.pem`, `key.pem` and `root-cert.pem`. */
  readonly directory: string
  /**
   * Whether everybody who asks gets the one identity of the directory, whatever SPIFFE id was
   * asked for. Default false: the id must be the one in the certificate.
   */
  readonly shared?: boolean
  /** How often the files are looked at even when the kernel reports nothing, ms. Default 5 s. */
  readonly pollMs?: number
  /** How long a writer gets to finish before a change is read, ms. Default 100. */
  readonly settleMs?: number
  /** The clock. */
  readonly now: () => Date
}

const defaultPollMs = 5000
const defaultSettleMs = 100

/**
 * A source that hands out what an operator, cert-manager or a Kubernetes Secret puts into a
 * directory of three files.
 *
 * Files are checked before use. When new ones are refused, the identity that was good before is
 * handed out until it expires, and those who watch get the event `rejected`. `issue` throws the
 * code of the first check that fails when there is no such identity, and `identity-mismatch`.
 */
export function directorySource(options: DirectorySourceOptions): IdentitySource {
  return new DirectorySource(options)
}

class DirectorySource implements IdentitySource {
  readonly name = 'directory'
  readonly #options: DirectorySourceOptions
  readonly #directory: string
  #good: WorkloadIdentity | undefined
  #rejected: string | undefined
  #reading: Promise<unknown> = Promise.resolve()
  readonly #listeners = new Set<(event: SourceEvent) => void>()

  constructor(options: DirectorySourceOptions) {
    this.#options = options
    this.#directory = resolve(options.directory)
  }

  async issue(id: SpiffeId, { signal }: { signal?: AbortSignal } = {}): Promise<WorkloadIdentity> {
    signal?.throwIfAborted()
    const identity = await this.#current()
    if (this.#options.shared === true || identity.spiffeId === id) return identity
    throw new CertsError(
      'identity-mismatch',
      `issue identity: ${this.#directory} holds the certificate of ${identity.spiffeId}, not of ${id}; add one for it, or share this one on purpose`,
      { file: this.#directory },
    )
  }

  async trustBundle({ signal }: { signal?: AbortSignal } = {}): Promise<string> {
    signal?.throwIfAborted()
    return (await this.#current()).trustBundlePem
  }

  async watch({ signal, onEvent }: WatchOptions): Promise<void> {
    this.#listeners.add(onEvent)
    // Whoever asked some time ago may have what was there before another one's watch saw a change.
    if (this.#good !== undefined) onEvent({ kind: 'updated' })
    try {
      await watchDirectory({
        directory: this.#directory,
        pollMs: this.#options.pollMs ?? defaultPollMs,
        settleMs: this.#options.settleMs ?? defaultSettleMs,
        signal,
        onChange: async () => {
          await this.#refresh()
        },
      })
    } finally {
      this.#listeners.delete(onEvent)
    }
  }

  /** The identity in the files, or the last good one while it is valid. */
  async #current(): Promise<WorkloadIdentity> {
    const error = await this.#refresh()
    const good = this.#good
    if (error === undefined && good !== undefined) return good
    if (good !== undefined && this.#options.now() <= good.notAfter) return good
    throw error ?? new CertsError('file-missing', `read ${this.#directory}: no identity yet`)
  }

  /** Reads the files, one read after the other; the error when they were refused. */
  #refresh(): Promise<CertsError | undefined> {
    const next = this.#reading.then(
      () => this.#read(),
      () => this.#read(),
    )
    this.#reading = next
    return next
  }

  async #read(): Promise<CertsError | undefined> {
    const before = this.#good
    const wasRejected = this.#rejected !== undefined
    try {
      const identity = await readIdentityFiles(this.#directory, this.#options.now())
      this.#rejected = undefined
      if (before !== undefined && sameMaterial(before, identity)) return undefined
      this.#good = identity
      if (before !== undefined || wasRejected) this.#emit({ kind: 'updated' })
      return undefined
    } catch (error) {
      if (!(error instanceof CertsError)) throw error
      // Once for each reason: whoever asks every few seconds must not flood the log.
      const reason = `${error.code} ${error.file ?? ''}`
      if (this.#rejected !== reason) this.#emit({ kind: 'rejected', error })
      this.#rejected = reason
      return error
    }
  }

  #emit(event: SourceEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

function sameMaterial(one: WorkloadIdentity, other: WorkloadIdentity): boolean {
  return (
    one.certificateChainPem === other.certificateChainPem &&
    one.privateKeyPem === other.privateKeyPem &&
    one.trustBundlePem === other.trustBundlePem
  )
}
