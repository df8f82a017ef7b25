import { spawn } from 'node:child_process'
import { join } from 'node:path'

const BUNDLE = join(import.meta.dirname, '../dist/main.js')

/** How the tool ended. */
export interface ToolExit {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the built tool as a process of its own. */
export function sidecarctl(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<ToolExit> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BUNDLE, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}
