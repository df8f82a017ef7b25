import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createTempDir, run } from '@proxy/testkit'

import { codeBlocks, documents, ROOT } from '../../src/documents.ts'

/**
 * A machine of its own as far as the document touches it: folders that are gone afterwards, and no
 * network. The agent, which a person would run in another terminal, goes to the background.
 */
const PRELUDE = `
for dir in /opt /run /var/lib /etc/cni; do mkdir -p "$dir" && mount -t tmpfs tmpfs "$dir"; done
trap 'kill $(jobs -p) 2>/dev/null || true; wait || true' EXIT
`

const WAIT_FOR_AGENT = `
for try in $(seq 100); do test -S /run/proxy-agent/agent.sock && break; sleep 0.1; done
`

test('the commands of one-node.md work as they stand', { timeout: 120_000 }, async () => {
  await using dir = await createTempDir('one-node')
  const document = documents().find(({ path }) => path === 'docs/operations/one-node.md')
  const blocks = codeBlocks(document!).filter(({ language }) => language === 'sh')
  const [build, ...steps] = blocks.map(({ text }) => text)
  expect(build).toContain('pnpm build') // has been done: this test depends on it
  expect(steps).toHaveLength(4)
  const agent = steps.findIndex((step) => step.startsWith('node '))
  steps[agent] = `${steps[agent]!.trim()} > ${join(dir.path, 'agent.log')} 2>&1 &${WAIT_FOR_AGENT}`
  steps.splice(-1, 0, 'kill %1; wait %1\n')
  steps.push(
    `ls -A /opt/proxy /run/proxy-agent /run/proxy-sidecars > ${join(dir.path, 'left')} 2>/dev/null || true`,
  )

  const script = join(dir.path, 'script')
  const { writeFile, readFile } = await import('node:fs/promises')
  await writeFile(script, PRELUDE + steps.join('\n'))
  const { exitCode, stdout, stderr } = await run(
    ['unshare', '--mount', '--net', '--propagation', 'private', '--', 'bash', '-e', script],
    { cwd: ROOT },
  )
  const log = existsSync(join(dir.path, 'agent.log'))
    ? await readFile(join(dir.path, 'agent.log'), 'utf8')
    : 'no log'
  expect(exitCode, `${stdout}\n${stderr}\n${log}`).toBe(0)
  expect(log).toContain('agent serves')
  expect(stdout).toMatch(/ready|READY/i)
  expect(await readFile(join(dir.path, 'left'), 'utf8')).toBe('')
})
