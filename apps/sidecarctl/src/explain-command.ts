import { type ExplainResponse } from '@proxy/agent-api'
import { describeReason } from '@proxy/policy'
import { type Agent } from './agent.ts'
import { type ExitCode, exitCodes } from './exit-code.ts'
import { type ToolIo } from './io.ts'
import { type PodRef } from './pod-ref.ts'
import { ageText, jsonText, type OutputFormat, visible } from './text.ts'

/** Prints what the agent knows about a pod. */
export async function explainCommand(
  io: ToolIo,
  agent: Agent,
  pod: PodRef,
  format: OutputFormat,
): Promise<ExitCode> {
  const answer = await agent.client.call('explain', pod, agent.limits)
  io.stdout(format === 'json' ? jsonText(answer) : explanation(answer, io.now()))
  return exitCodes.ok
}

function explanation(answer: ExplainResponse, now: number): string {
  const { pod, captured, reason, notes, sidecars } = answer
  const name = `${pod.namespace}/${pod.name}`
  const because = reason === undefined ? '' : ` because ${describeReason(reason)}`
  const lines = [`${name} is ${captured ? '' : 'not '}captured${because}`]
  for (const note of notes) lines.push(`  - ${visible(note)}`)
  for (const { state, since, detail, spiffeId, containerId, mtls } of sidecars) {
    lines.push(`  sidecar ${containerId.slice(0, 12)}: ${state} for ${ageText(since, now)}`)
    if (detail !== undefined) lines.push(`    ${visible(detail)}`)
    if (spiffeId !== undefined) lines.push(`    identity ${visible(spiffeId)}, mutual TLS ${mtls}`)
  }
  if (!captured && reason === undefined) {
    lines.push(
      'An agent only hears of pods that the plugin selects. To see why this one was not, ask with',
      `the plugin's inputs: sidecarctl explain ${name} --conf FILE --annotations FILE`,
    )
  }
  return `${lines.join('\n')}\n`
}
