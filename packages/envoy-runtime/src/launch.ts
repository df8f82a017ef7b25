import { spawn } from 'node:child_process'
import { constants, open } from 'node:fs/promises'
import { type Readable, type Writable } from 'node:stream'
import { EnvoyRuntimeError, systemCode } from './error.ts'
import { openLog } from './log.ts'

/** What a launch needs. */
export interface Launch {
  readonly envoyPath: string
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly directory: string
  readonly netnsPath: string
  readonly lockPath: string
  readonly log: string
  readonly accessLog: string
  readonly uid: number
  readonly gid: number
  readonly maxOpenFiles: number
  readonly oomScoreAdj: number
  readonly signal?: AbortSignal | undefined
}

/** A process that has not become Envoy yet: it waits for the word. */
export interface Launched {
  /** Stays the same when it becomes Envoy. */
  readonly pid: number
  /** Size of the log before the launch. */
  readonly logOffset: number
  /** Lets it go on. */
  go(): void
  /** Makes it end instead. Harmless after {@link Launched.go}. */
  abandon(): void
}

/** What Envoy is called in its own command line: the binary by its descriptor. */
export const BINARY = '/proc/self/fd/5'

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
/** How long the launcher may take until it waits for the word. It takes some 10 ms. */
const LAUNCH_TIMEOUT_MS = 10_000
/** A process that is just ending may still have the lock. */
const LOCK_TIMEOUT_S = '1'

/**
 * The steps of the launcher, in a process that keeps its pid through all of them. It says its pid
 * (fd 4) and waits for a word (fd 3): the caller writes its record in between, and if the caller
 * dies there, the pipe ends and so does the launcher. So no Envoy runs that no record names. What
 * follows are exec calls only: into the namespace, out of the others, down to the uid with no
 * capability, and the binary by descriptor 5, so that its folder may be closed to the uid.
 */
const SCRIPT = `
echo $$ >&4
IFS= read -r word <&3 && [ "$word" = go ] || exit 125
umask 077
ulimit -n "$1" 2>/dev/null || ulimit -n "$(ulimit -Hn)" || exit 125
echo "$2" >/proc/self/oom_score_adj || exit 125
netns=$3 uid=$4 gid=$5
shift 5
exec nsenter --net="$netns" -- \\
  unshare --mount --propagation slave --ipc --uts -- \\
  setpriv --reuid="$uid" --regid="$gid" --clear-groups --no-new-privs \\
  --bounding-set=-all --inh-caps=-all --ambient-caps=-all -- \\
  ${BINARY} "$@" 3>&- 4>&-
`

/**
 * Starts the launcher as an orphan in a session of its own (`setsid --fork`: Envoy with hot restart
 * asks to die with its parent, so there must be none by then), holding the lock for as long as it
 * and the Envoy it becomes live. Throws `launch-failed` when another process keeps the lock.
 */
export async function launch(options: Launch): Promise<Launched> {
  await using files = new AsyncDisposableStack()
  const log = files.use(await openLog(options.log, options.uid, options.gid))
  const accessLog = files.use(await openLog(options.accessLog, options.uid, options.gid))
  const envoy = files.use(await openBinary(options.envoyPath))
  const logOffset = (await log.stat()).size
  const child = spawn(
    'setsid',
    [
      '--fork',
      ...['flock', '--exclusive', '--timeout', LOCK_TIMEOUT_S, '--no-fork', options.lockPath],
      ...['/bin/sh', '-c', SCRIPT, 'proxy-launch'],
      ...[String(options.maxOpenFiles), String(options.oomScoreAdj)],
      ...[options.netnsPath, String(options.uid), String(options.gid)],
      ...options.arguments,
    ],
    {
      cwd: options.directory,
      env: { ...options.environment, PATH },
      stdio: ['ignore', accessLog.fd, log.fd, 'pipe', 'pipe', envoy.fd],
    },
  )
  const word = child.stdio[3] as Writable
  const answer = child.stdio[4] as Readable
  // The launcher may be gone already; whether it is shows in the process table, not here.
  word.on('error', () => undefined)
  const parentGone = new Promise<void>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new EnvoyRuntimeError('binary-missing', 'run setsid of util-linux', { cause: error })),
    )
    child.once('exit', () => resolve())
  })
  try {
    const [pid] = await Promise.all([readPid(answer, options), parentGone])
    return {
      pid,
      logOffset,
      go: () => word.end('go\n'),
      abandon: () => word.destroy(),
    }
  } catch (error) {
    word.destroy()
    answer.destroy()
    throw error
  }
}

function readPid(answer: Readable, { signal, lockPath }: Launch): Promise<number> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(LAUNCH_TIMEOUT_MS)
    const any = signal === undefined ? limit : AbortSignal.any([limit, signal])
    let text = ''
    const give = (settle: () => void): void => {
      any.removeEventListener('abort', abort)
      answer.destroy()
      settle()
    }
    const abort = (): void => give(() => reject(any.reason as Error))
    if (any.aborted) {
      abort()
      return
    }
    any.addEventListener('abort', abort)
    answer.setEncoding('utf8')
    answer.on('data', (chunk: string) => {
      text += chunk
      if (text.includes('\n')) give(() => resolve(Number.parseInt(text, 10)))
    })
    answer.on('error', (error) => give(() => reject(error)))
    answer.on('end', () =>
      give(() =>
        reject(
          new EnvoyRuntimeError(
            'launch-failed',
            `launch the sidecar: another process holds ${lockPath}, or flock or sh could not run`,
          ),
        ),
      ),
    )
  })
}

async function openBinary(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    const file = await open(path, constants.O_RDONLY)
    const found = await file.stat()
    if (found.isFile() && (found.mode & 0o001) !== 0) return file
    await file.close()
  } catch (error) {
    throw new EnvoyRuntimeError('binary-missing', `open ${path} (${systemCode(error) ?? ''})`, {
      cause: error,
    })
  }
  throw new EnvoyRuntimeError('binary-missing', `${path} is not a program everyone may execute`)
}
