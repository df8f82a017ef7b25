import { readFile, readlink } from 'node:fs/promises'

import { type Pod, processesIn } from '@proxy/lab'

/** What of ours is in a pod's namespace, a line each: rules, processes, addresses. */
export async function oursIn(pod: Pod): Promise<readonly string[]> {
  const { netnsName } = pod
  const rules = (await pod.run(['nft', 'list', 'ruleset'])).stdout.trim()
  const addresses = (await pod.run(['ip', '-o', 'address', 'show', 'dev', 'lo'])).stdout
  const processes = await Promise.all((await processesIn(netnsName)).map(programOf))
  return [
    ...(rules === '' ? [] : [`rules in ${netnsName}: ${rules.split('\n')[0] ?? ''}`]),
    ...(addresses.includes('::6/128') ? [`address ::6 in ${netnsName}`] : []),
    ...processes.filter((name) => name.includes('envoy')).map((name) => `${name} in ${netnsName}`),
  ]
}

/** Path of the program a process runs, or its name where that cannot be read. */
async function programOf(pid: number): Promise<string> {
  const path = readlink(`/proc/${pid}/exe`)
  return path.catch(() => readFile(`/proc/${pid}/comm`, 'utf8')).catch(() => 'a process that ended')
}
