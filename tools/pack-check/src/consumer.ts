import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { execute, lastWords } from './execute.ts'
import { type Dependencies } from './manifest.ts'

/** Downloading third-party packages for the first time may take this long. */
const INSTALL_TIMEOUT_MS = 300_000
/** An example that runs longer hangs. */
const EXAMPLE_TIMEOUT_MS = 30_000
const TYPECHECK_TIMEOUT_MS = 120_000

/** The compiler and Node's types come from the workspace: what is judged is the package's own types. */
const TSC = fileURLToPath(new URL('./bin/tsc', import.meta.resolve('typescript7/package.json')))
const TYPE_ROOT = dirname(dirname(fileURLToPath(import.meta.resolve('@types/node/package.json'))))

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2024', 'ESNext.Disposable'],
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    // A declaration that does not resolve where the package is installed must not pass as `any`.
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [TYPE_ROOT],
  },
  files: ['example.ts'],
}

/** A project of a stranger who follows a README. */
export interface Consumer {
  /** An empty or absent folder outside of any workspace. */
  readonly folder: string
  /** What it installs, with the range or `file:` of each. */
  readonly dependencies: Dependencies
  /** `file:` of every workspace package among those and below them: no registry has them yet. */
  readonly overrides: Dependencies
  /** The program to run. */
  readonly example: string
}

/** What the example printed, or why it did not get that far. */
export type Outcome =
  | { readonly kind: 'ran'; readonly stdout: string }
  | { readonly kind: 'failed'; readonly problems: readonly string[] }

/**
 * Installs the dependencies into the folder without running any install script, then checks the example's
 * types against the packed declarations and runs it by plain Node.
 */
export async function tryAsConsumer(
  consumer: Consumer,
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  await writeProject(consumer)
  const { folder } = consumer
  const install = ['pnpm', 'install', '--prefer-offline', '--ignore-scripts'] as const
  const installed = await execute(install, { cwd: folder, env, timeoutMs: INSTALL_TIMEOUT_MS })
  if (installed.code !== 0) {
    return failed([`does not install into an empty folder\n${lastWords(installed)}`])
  }
  const [typed, ran] = await Promise.all([
    execute([process.execPath, TSC, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
      env,
      timeoutMs: TYPECHECK_TIMEOUT_MS,
    }),
    execute([process.execPath, 'example.ts'], { cwd: folder, env, timeoutMs: EXAMPLE_TIMEOUT_MS }),
  ])
  const problems: string[] = []
  if (typed.code !== 0) {
    problems.push(`README example does not compile where it is installed\n${lastWords(typed)}`)
  }
  if (ran.code === undefined) {
    problems.push(`README example was killed or did not end in ${EXAMPLE_TIMEOUT_MS / 1000} s`)
  } else if (ran.code !== 0) {
    problems.push(`README example exited ${ran.code}\n${lastWords(ran)}`)
  } else if (ran.stdout.trim() === '') {
    problems.push('README example prints nothing')
  }
  return problems.length === 0 ? { kind: 'ran', stdout: ran.stdout } : failed(problems)
}

function failed(problems: readonly string[]): Outcome {
  return { kind: 'failed', problems }
}

async function writeProject(consumer: Consumer): Promise<void> {
  const { folder, dependencies, overrides, example } = consumer
  await mkdir(folder, { recursive: true })
  const write = (file: string, text: string): Promise<void> => writeFile(join(folder, file), text)
  const json = (value: unknown): string => JSON.stringify(value, undefined, 2)
  await write('package.json', json({ name: 'consumer', type: 'module', dependencies }))
  // JSON is YAML. Not hoisting keeps an undeclared dependency from resolving by luck.
  await write('pnpm-workspace.yaml', json({ packages: [], overrides, hoist: false }))
  await write('tsconfig.json', json(TSCONFIG))
  await write('example.ts', example)
}
