#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'

import { childProcessRunner } from './child-process-runner.ts'
import { run } from './program.ts'
import { readAll } from './read-stdin.ts'

// Whoever reads may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdout: (line) => process.stdout.write(line),
  stderr: (line) => process.stderr.write(line),
  stdin: {
    isTerminal: process.stdin.isTTY,
    read: (firstWithinMs) => readAll(process.stdin, firstWithinMs),
  },
  readFile: (path) => readFile(path, 'utf8'),
  addresses: () =>
    Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      // The kernel lists all addresses of IPv4 before those of IPv6.
      .sort((a, b) => a.family.localeCompare(b.family))
      .map(({ address }) => address),
  node: process.execPath,
  runner: childProcessRunner,
})
