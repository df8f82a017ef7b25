import { spawn } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** The executable that is installed, or the same source under Node. */
export type Program = 'binary' | 'node'

/** How each is called. */
export const programs: Readonly<Record<Program, readonly [string, ...string[]]>> = {
  binary: [join(ROOT, 'dist/proxy-cni')],
  node: [process.execPath, '--conditions=@proxy/source', join(ROOT, 'src/main.ts')],
}

/** One call, as a runtime makes it. */
export interface PluginCall {
  readonly program?: Program
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  /** Text for stdin, an object for JSON, or nothing for a closed stdin. */
  readonly stdin?: string | object | undefined
  readonly cwd?: string
}

/** How it ended. */
export interface PluginExit {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the plugin as a process of its own. */
export function runPlugin(call: PluginCall): Promise<PluginExit> {
  const [command, ...args] = programs[call.program ?? 'binary']
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: call.env,
      cwd: call.cwd ?? '/',
      stdio: [call.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({
        code,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      })
    })
    // The plugin may end without reading, as VERSION does.
    child.stdin?.on('error', () => undefined)
    if (call.stdin !== undefined) {
      child.stdin?.end(typeof call.stdin === 'string' ? call.stdin : JSON.stringify(call.stdin))
    }
  })
}

/** The environment of a call for a pod in the namespace `shop`. */
export function envOf(
  command: string,
  change: Record<string, string> = {},
): Record<string, string> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: 'c0ffee',
    CNI_NETNS: '/run/netns/pxt-nowhere',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=reviews-1;K8S_POD_UID=u-1',
    ...change,
  }
}

/** The error on stdout. */
export function errorIn(exit: PluginExit): { code: number; msg: string; cniVersion?: string } {
  return JSON.parse(exit.stdout) as { code: number; msg: string }
}
