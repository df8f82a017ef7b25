import { CniError, cniErrorCodes } from '@proxy/cni-types'
import { type CniIo } from './io.ts'

const defaultMaxBytes = 16 * 1024 * 1024

/** Reads standard input to its end. Throws a `CniError` of code 5. */
export async function readStdin({
  stdin,
  maxStdinBytes = defaultMaxBytes,
}: CniIo): Promise<Uint8Array> {
  try {
    if (typeof stdin === 'function') return limited(await stdin(), maxStdinBytes)
    return await collect(stdin, maxStdinBytes)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CniError(cniErrorCodes.ioFailure, `error reading from stdin: ${reason}`, undefined, {
      cause: error,
    })
  }
}

async function collect(
  stdin: AsyncIterable<Uint8Array | string>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stdin) {
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
    length += bytes.length
    if (length > maxBytes) throw tooLong(maxBytes)
    chunks.push(bytes)
  }
  const whole = new Uint8Array(length)
  let offset = 0
  for (const bytes of chunks) {
    whole.set(bytes, offset)
    offset += bytes.length
  }
  return whole
}

function limited(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length > maxBytes) throw tooLong(maxBytes)
  return bytes
}

function tooLong(maxBytes: number): Error {
  return new Error(`more than ${maxBytes} bytes`)
}
