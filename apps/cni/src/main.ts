import { dispatch } from '@proxy/cni-skel'
import { proxyCni } from './plugin.ts'
import { isOwnNetns, processHost } from './process-host.ts'
import { maxStdinBytes, readStdin, writeAll } from './stdio.ts'

// The process boundary: nothing else of the plugin reads its environment or standard streams.
let answered = false

/** Ends with an answer even when something throws where nobody waits for it. */
function panic(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  writeAll(2, `${text}\n`)
  if (!answered) writeAll(1, JSON.stringify({ code: 999, msg: 'proxy-cni failed: see its stderr' }))
  process.exit(1)
}

process.on('uncaughtException', panic)
process.on('unhandledRejection', panic)

const code = await dispatch(proxyCni(processHost), {
  env: process.env,
  stdin: readStdin,
  stdout: {
    write(text) {
      answered = true
      writeAll(1, text)
    },
  },
  stderr: { write: (text) => writeAll(2, text) },
  isOwnNetns,
  maxStdinBytes,
})
// Not exitCode: a read of stdin that hangs would keep the process, and with it the runtime.
process.exit(code)
