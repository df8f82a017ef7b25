import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { CertsError, systemCode } from '../error.ts'

/** Options of {@link readBounded}. */
export interface ReadBoundedOptions {
  /** Largest size that is read, bytes. */
  readonly maxBytes: number
  /** Whether the last component of the path may be a symbolic link. */
  readonly followLink: boolean
  /** Extra checks on the open file: its owner, its mode. Throws when they fail. */
  readonly check?: (stats: { readonly uid: number; readonly mode: number }) => void
}

/**
 * Reads a small regular file as text. Never blocks on a FIFO or a device, never reads more than
 * the limit.
 *
 * Throws `file-missing`, `file-unreadable`, `file-not-regular`, `file-too-large`.
 */
export async function readBounded(file: string, options: ReadBoundedOptions): Promise<string> {
  const link = options.followLink ? 0 : constants.O_NOFOLLOW
  let handle: FileHandle | undefined
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | link)
    const stats = await handle.stat()
    if (!stats.isFile()) throw notRegular(file)
    options.check?.(stats)
    const buffer = Buffer.alloc(options.maxBytes + 1)
    const length = await fill(handle, buffer)
    if (length > options.maxBytes) {
      throw new CertsError(
        'file-too-large',
        `read ${file}: larger than ${options.maxBytes} bytes; this is not the file that belongs here`,
        { file },
      )
    }
    const text = buffer.toString('utf8', 0, length)
    buffer.fill(0)
    return text
  } catch (error) {
    throw readError(error, file)
  } finally {
    await handle?.close()
  }
}

async function fill(handle: FileHandle, buffer: Buffer): Promise<number> {
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}

function notRegular(file: string): CertsError {
  return new CertsError('file-not-regular', `read ${file}: not a regular file; put a file there`, {
    file,
  })
}

function readError(error: unknown, file: string): CertsError {
  if (error instanceof CertsError) return error
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new CertsError('file-missing', `read ${file}: no such file; put it there`, {
        cause: error,
        file,
      })
    case 'ELOOP':
    case 'ENXIO':
      return notRegular(file)
    default:
      return new CertsError(
        'file-unreadable',
        `read ${file}: ${systemCode(error) ?? 'unknown error'}; check its permissions`,
        { cause: error, file },
      )
  }
}
