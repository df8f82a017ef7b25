import { type SidecarInfo, type StatusResponse } from '@proxy/agent-api'
import { type Agent } from './agent.ts'
import { type ExitCode, exitCodes } from './exit-code.ts'
import { type ToolIo } from './io.ts'
import { ageText, jsonText, type OutputFormat, tableText, visible } from './text.ts'

/** What `status` is asked for. */
export interface StatusQuery {
  /** Only sidecars of this namespace. */
  readonly namespace: string | undefined
  /** How to print. */
  readonly format: OutputFormat
}

/**
 * Prints the agent's state and its sidecars.
 * @returns `problem` when the agent is not ready, names problems, or a shown sidecar has failed.
 */
export async function statusCommand(
  io: ToolIo,
  agent: Agent,
  query: StatusQuery,
): Promise<ExitCode> {
  const [status, all] = await Promise.all([
    agent.client.call('status', undefined, agent.limits),
    agent.client.call('sidecars', undefined, agent.limits),
  ])
  const sidecars = all.sidecars.filter(
    ({ pod }) => query.namespace === undefined || pod.namespace === query.namespace,
  )
  if (query.format === 'json') io.stdout(jsonText({ agent: status, sidecars }))
  else io.stdout(agentText(status, io.now()) + sidecarsText(sidecars, query, io.now()))
  const well =
    status.ready &&
    status.problems.length === 0 &&
    sidecars.every(({ state }) => state !== 'failed')
  return well ? exitCodes.ok : exitCodes.problem
}

function agentText(status: StatusResponse, now: number): string {
  const { ready, version, node, startedAt, identitySource, trustDomain, pendingDeletes } = status
  const counts = Object.entries(status.sidecars)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
  const rows = [
    [
      'Agent:',
      `${ready ? 'ready' : 'not ready'}, version ${version}, up ${ageText(startedAt, now)}`,
    ],
    ['Node:', node],
    ['Identity:', `${identitySource}, trust domain ${trustDomain}`],
    ['Sidecars:', counts.length === 0 ? 'none' : counts.join(', ')],
    ...(pendingDeletes === 0 ? [] : [['Waiting:', `${pendingDeletes} deletions`]]),
    ...status.problems.map((problem) => ['Problem:', problem]),
  ]
  return rows.map(([name = '', text = '']) => `${name.padEnd(11)}${visible(text)}\n`).join('')
}

function sidecarsText(sidecars: readonly SidecarInfo[], query: StatusQuery, now: number): string {
  if (sidecars.length === 0) {
    return query.namespace === undefined ? '' : `\nNo sidecars in namespace ${query.namespace}.\n`
  }
  const wide = query.format === 'wide'
  const head = ['NAMESPACE', 'POD', 'STATE', 'MTLS', 'RESTARTS', 'AGE']
  const rows = sidecars.map((sidecar) => {
    const { pod, state, mtls, restarts, since } = sidecar
    const row = [pod.namespace, pod.name, state, mtls, countText(restarts), ageText(since, now)]
    return wide ? [...row, ...wideColumns(sidecar, now)] : row
  })
  const all = wide ? [...head, 'IPS', 'ENVOY', 'PID', 'CONTAINER', 'CERTIFICATE', 'IDENTITY'] : head
  return `\n${tableText(all, rows)}${failuresText(sidecars)}`
}

function wideColumns(sidecar: SidecarInfo, now: number): string[] {
  const { podIps, envoyVersion, pid, containerId, certificateExpires, spiffeId } = sidecar
  return [
    podIps.join(',') || '-',
    envoyVersion ?? '-',
    countText(pid),
    containerId.slice(0, 12),
    certificateExpires === undefined ? '-' : leftText(certificateExpires, now),
    spiffeId ?? '-',
  ]
}

function countText(count: number | undefined): string {
  return count === undefined ? '-' : String(count)
}

function leftText(expires: string, now: number): string {
  const left = ageText(new Date(now).toISOString(), Date.parse(expires))
  return Date.parse(expires) <= now ? 'expired' : `${left} left`
}

function failuresText(sidecars: readonly SidecarInfo[]): string {
  const failures = sidecars.filter(
    ({ state, detail }) => state === 'failed' && detail !== undefined,
  )
  const lines = failures.map(
    ({ pod, detail = '' }) => `${pod.namespace}/${pod.name}: ${visible(detail)}\n`,
  )
  return lines.length === 0 ? '' : `\nFailed:\n${lines.join('')}`
}
