import { type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

/**
 * All of a stream as text. With `firstWithinMs`, a stream that neither ends nor says anything for
 * that long is taken for one that was left open by mistake, and gives an empty text.
 */
export async function readAll(stream: Readable, firstWithinMs?: number): Promise<string> {
  if (firstWithinMs === undefined || (await startsWithin(stream, firstWithinMs))) {
    return await text(stream)
  }
  // Otherwise it would keep the process alive.
  stream.destroy()
  return ''
}

async function startsWithin(stream: Readable, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const started = new Promise<boolean>((resolve) => {
    for (const event of ['readable', 'end', 'close', 'error']) {
      stream.once(event, () => resolve(true))
    }
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  try {
    return await started
  } finally {
    clearTimeout(timer)
  }
}
