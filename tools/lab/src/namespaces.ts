import { readdir } from 'node:fs/promises'

import { run } from '@proxy/testkit'

import { must } from './must.ts'

const NETNS_DIR = '/var/run/netns'

/** File of a named namespace. */
export function netnsPath(name: string): string {
  return `${NETNS_DIR}/${name}`
}

export async function addNamespace(name: string): Promise<string> {
  await must('ip', 'netns', 'add', name)
  await must('ip', '-n', name, 'link', 'set', 'lo', 'up')
  return netnsPath(name)
}

/** Names of the namespaces that begin with a prefix. */
export async function namespacesOf(prefix: string): Promise<readonly string[]> {
  const names = await readdir(NETNS_DIR).catch(() => [])
  return names.filter((name) => name.startsWith(prefix))
}

/** Processes in a namespace; empty when it does not exist. */
export async function processesIn(name: string): Promise<readonly number[]> {
  const { stdout } = await run(['ip', 'netns', 'pids', name])
  return stdout.split('\n').filter(Boolean).map(Number)
}

/**
 * Ends every process in the namespaces of a prefix and deletes them. All of them were made by the
 * lab that owns the prefix, so nothing foreign can be inside.
 */
export async function removeNamespaces(prefix: string): Promise<void> {
  for (const name of await namespacesOf(prefix)) {
    for (let tries = 0; tries < 50; tries += 1) {
      const pids = await processesIn(name)
      if (pids.length === 0) break
      for (const pid of pids) kill(pid)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await must('ip', 'netns', 'delete', name)
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
