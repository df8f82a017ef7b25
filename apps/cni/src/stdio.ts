import { read, writeSync } from 'node:fs'

/** The most that is read from stdin, in bytes: GC names every attachment of a node. */
export const maxStdinBytes = 16_777_216

/** How long a runtime may take to write the configuration, in milliseconds. */
const STDIN_TIMEOUT = 10_000

const CHUNK = 65_536

/** Reads stdin to its end. A runtime that never closes it gets an error in the end. */
export async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  const late = new Promise<never>((_resolve, reject) => {
    const seconds = STDIN_TIMEOUT / 1_000
    const timer = setTimeout(
      () => reject(new Error(`not closed within ${seconds} seconds`)),
      STDIN_TIMEOUT,
    )
    timer.unref()
  })
  for (;;) {
    const chunk = await Promise.race([readChunk(), late])
    if (chunk.length === 0) return Buffer.concat(chunks)
    size += chunk.length
    if (size > maxStdinBytes) throw new Error(`more than ${maxStdinBytes} bytes`)
    chunks.push(chunk)
  }
}

function readChunk(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    read(0, Buffer.allocUnsafe(CHUNK), 0, CHUNK, null, (error, count, buffer) => {
      if (error === null) resolve(buffer.subarray(0, count))
      else if (error.code === 'EAGAIN') setTimeout(() => resolve(readChunk()), 1)
      else reject(error)
    })
  })
}

/** Writes the whole text before it returns, also where the reader is slow. */
export function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text)
  let done = 0
  while (done < bytes.length) {
    try {
      done += writeSync(file, bytes, done)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
