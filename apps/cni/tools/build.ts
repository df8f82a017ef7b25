import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { bunPath, compileArguments } from './bun.ts'

const root = join(import.meta.dirname, '..')
const { status, error } = spawnSync(
  bunPath(),
  compileArguments(join(root, 'src/main.ts'), join(root, 'dist/proxy-cni')),
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
)
if (error !== undefined) throw error
process.exitCode = status ?? 1
