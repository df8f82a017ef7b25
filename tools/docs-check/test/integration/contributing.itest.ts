import { expect, test } from 'vitest'

import { run } from '@proxy/testkit'

import { codeBlocks, documents, ROOT } from '../../src/documents.ts'

test('the commands of CONTRIBUTING.md work as they stand', { timeout: 300_000 }, async () => {
  const document = documents().find(({ path }) => path === 'CONTRIBUTING.md')
  const blocks = codeBlocks(document!).filter(({ language }) => language === 'sh')
  expect(blocks.length).toBeGreaterThan(1)
  for (const { text } of blocks) {
    // `npm run shell` opens a shell that reads the lines after it, as a person's terminal would be.
    const { exitCode, stdout, stderr } = await run(['bash'], { cwd: ROOT, stdin: text })
    expect(exitCode, `${text}\n${stdout}\n${stderr}`).toBe(0)
  }
})
