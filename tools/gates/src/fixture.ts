import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { type Files, minimalWorkspace, PUBLIC } from './minimal-workspace.ts'
import { type Target, targets } from './targets.ts'

/** The root of this workspace, whose configuration is on trial. */
export const workspaceRoot: string = fileURLToPath(new URL('../../..', import.meta.url))

/** Copied as they are: a fixture has the real configuration. */
const CONFIGURATION = [
  '.changeset/config.json',
  '.prettierignore',
  '.prettierrc.json',
  'LICENSE',
  'api-extractor.base.json',
  'eslint.config.mjs',
  'knip.json',
  'nx.json',
  'package.json',
  'pnpm-workspace.yaml',
  'tsconfig.api.json',
  'tsconfig.base.json',
  'tsup.base.ts',
  'vitest.base.ts',
]

/** What a tool said, standard output and error together. */
export interface Verdict {
  readonly code: number | null
  readonly output: string
}

/** A workspace of its own in a temporary folder. */
export interface Fixture {
  readonly root: string
  /** Writes files, by their path from the root. */
  write(files: Files): void
  /** Removes a file or folder. */
  remove(path: string): void
  /** Runs a package's script of that name as nx would; `PUBLIC` unless another folder is named. */
  target(name: Target, folder?: string): Promise<Verdict>
  /** Runs a shell command line in a folder of the fixture, the workspace's tools on its PATH. */
  run(command: string, folder?: string): Promise<Verdict>
  /** Removes all of it. */
  [Symbol.dispose](): void
}

/** Makes a workspace without any fault; `files` are planted into it. */
export function createFixture(files: Files = {}): Fixture {
  // The real path: tools that compare paths would see two names of one file.
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'gates-')))
  const write = (content: Files): void => {
    for (const [path, text] of Object.entries(content)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
  }
  write({ ...minimalWorkspace, ...files })
  for (const path of CONFIGURATION) copyFileSync(join(workspaceRoot, path), join(root, path))
  symlinkSync(join(workspaceRoot, 'node_modules'), join(root, 'node_modules'))
  const run = (command: string, folder = ''): Promise<Verdict> => shell(command, join(root, folder))
  return {
    root,
    write,
    remove: (path) => {
      rmSync(join(root, path), { recursive: true })
    },
    target: (name, folder = PUBLIC) =>
      run({ ...targets.everywhere, ...targets.published }[name], folder),
    run,
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true })
    },
  }
}

/** Command line of one of this workspace's own tools. */
export function ownTool(name: string, ...args: readonly string[]): string {
  const main = join(workspaceRoot, 'tools', name, 'src', 'main.ts')
  return [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ')
}

function shell(command: string, cwd: string): Promise<Verdict> {
  const bin = join(workspaceRoot, 'node_modules', '.bin')
  const env = {
    PATH: [bin, dirname(process.execPath), process.env['PATH'] ?? ''].join(':'),
    HOME: process.env['HOME'] ?? tmpdir(),
    CI: 'true',
    NO_COLOR: '1',
    // pnpm must not bring node_modules up to date here: it is a link to the workspace's.
    pnpm_config_verify_deps_before_run: 'false',
  }
  const child = spawn('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code, output })
    })
  })
}
