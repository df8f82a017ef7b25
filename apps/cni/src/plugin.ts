import { type AddRequest, type CallOptions, type DelRequest } from '@proxy/agent-api/client'
import { AgentApiError } from '@proxy/agent-api/error'
import { type CniCall, type CniPlugin } from '@proxy/cni-skel'
import {
  CniError,
  cniErrorCodes,
  type CniResult,
  convertResult,
  passThrough,
  type PodIdentity,
  podOf,
  validAttachmentsOf,
} from '@proxy/cni-types'
import { type CaptureDecision, decide, type Decision, exemptionOf } from '@proxy/policy'
import { toCniError } from './cni-error.ts'
import { parseSettings, type PluginSettings, settingsOrDefaults } from './conf.ts'
import { type PluginHost } from './host.ts'
import { type LogEntry } from './log.ts'
import { version } from './version.ts'

/** The CNI plugin: asks the agent on this node to capture a pod, and passes prevResult on. */
export function proxyCni(host: PluginHost): CniPlugin {
  return {
    about: `proxy-cni ${version}: gives selected pods an Envoy that is not in their spec`,
    add: (call) => guarded(host, call, () => add(host, call)),
    del: (call) => del(host, call),
    check: (call) => guarded(host, call, () => check(host, call)),
    gc: (call) => guarded(host, call, () => gc(host, call)),
    status: (call) => guarded(host, call, () => status(host, call)),
  }
}

/** Unselected pods pass with nothing but this process; selected ones need the agent's answer. */
async function add(host: PluginHost, call: CniCall): Promise<CniResult> {
  const result = passThrough(call.conf)
  const pod = podOf(call.args)
  const decision = decisionFor(host, call, pod)
  log(host, call, 'info', `pod ${decision.kind === 'capture' ? 'selected' : 'skipped'}`, {
    ...podFields(pod),
    reason: decision.reason,
    ...(decision.remarks.length > 0 && { remarks: decision.remarks }),
  })
  if (decision.kind === 'capture' && pod !== undefined) {
    await capture(host, call, pod, decision, result)
  }
  return result
}

/** Lets the agent capture the pod. Where the pod's policy is open, a failure only leaves it bare. */
async function capture(
  host: PluginHost,
  call: CniCall,
  pod: PodIdentity,
  decision: CaptureDecision,
  result: CniResult,
): Promise<void> {
  const settings = parseSettings(call.conf)
  const request: AddRequest = {
    ...attachmentOf(call),
    network: call.conf.name,
    netns: await netnsOf(host, call),
    pod: podName(pod),
    ...annotationsOf(call),
    podIps: addressesOf(result),
    capture: decision.spec,
    reason: decision.reason,
  }
  try {
    await (await host.agent(settings.socket)).call('add', request, limits(host, settings))
  } catch (error) {
    if (!(error instanceof AgentApiError) || decision.spec.failPolicy === 'closed') throw error
    log(host, call, 'warn', 'pod starts without a sidecar because its fail policy is open', {
      ...podFields(pod),
      code: error.code,
      error: error.message,
    })
  }
}

/** Succeeds always: what the agent cannot do now waits for it in the delete queue. */
async function del(host: PluginHost, call: CniCall): Promise<void> {
  try {
    const pod = podForDelete(call)
    if (pod !== 'unknown' && exemptionOf(pod, call.conf) !== undefined) return
    if (!couldBeOurs(call)) return
    const settings = settingsOrDefaults(call.conf)
    const request = delRequestOf(call, typeof pod === 'object' ? pod : undefined)
    const timeoutMs = Math.max(1, settings.delTimeoutMs - host.elapsedMs())
    try {
      await (await host.agent(settings.socket)).call('del', request, { timeoutMs })
    } catch (error) {
      if (!(error instanceof AgentApiError)) throw error
      await host.enqueueDelete(settings.deleteQueue, { version: 1, queuedAt: host.now(), request })
      log(host, call, 'warn', 'deletion queued', { code: error.code, error: error.message })
    }
  } catch (error) {
    const { message } = toCniError(error)
    log(host, call, 'error', 'deletion lost; the agent finds out when it reconciles', {
      error: message,
    })
  }
}

/** A captured pod is checked by the agent; with an open fail policy its absence is no fault. */
async function check(host: PluginHost, call: CniCall): Promise<void> {
  const pod = podOf(call.args)
  const decision = decisionFor(host, call, pod)
  if (decision.kind === 'skip' || pod === undefined) return
  const settings = parseSettings(call.conf)
  const request = {
    ...attachmentOf(call),
    netns: call.netns ?? '',
    pod: podName(pod),
    capture: decision.spec,
  }
  try {
    await (await host.agent(settings.socket)).call('check', request, limits(host, settings))
  } catch (error) {
    const open = decision.spec.failPolicy === 'open'
    if (open && error instanceof AgentApiError && error.code !== 'check-failed') return
    throw error
  }
}

/** Forwards what is valid. An absent list is no list, and nothing is collected. */
async function gc(host: PluginHost, call: CniCall): Promise<void> {
  const attachments = validAttachmentsOf(call.conf)
  if (attachments === undefined) return
  const settings = parseSettings(call.conf)
  const validAttachments = attachments.map(({ containerID, ifname }) => ({
    containerId: containerID,
    ifname,
  }))
  const request = {
    network: call.conf.name,
    validAttachments: validAttachments.filter(couldBeOurs),
  }
  await (await host.agent(settings.socket)).call('gc', request, limits(host, settings))
}

/** Permissive unless told otherwise: an agent that is away must not make the node not ready. */
async function status(host: PluginHost, call: CniCall): Promise<void> {
  // Before anything is checked: a mistake in other keys must not make the node not ready either.
  if (call.conf['strictStatus'] !== true) return
  const settings = parseSettings(call.conf)
  try {
    await (await host.agent(settings.socket)).ready({ timeoutMs: 1_000 })
  } catch (error) {
    if (!(error instanceof AgentApiError)) throw error
    throw new CniError(cniErrorCodes.notAvailable, `agent: ${error.message}`, undefined, {
      cause: error,
    })
  }
}

async function guarded<T>(host: PluginHost, call: CniCall, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const failure = toCniError(error)
    log(host, call, 'error', 'call failed', { code: failure.code, error: failure.message })
    throw failure
  }
}

function decisionFor(host: PluginHost, call: CniCall, pod: PodIdentity | undefined): Decision {
  const { conf } = call
  return decide({
    pod,
    conf,
    annotations: conf.runtimeConfig?.['io.kubernetes.cri.pod-annotations'],
    selection: () => host.readSelection(parseSettings(conf).selectionFile),
  })
}

/** Redirecting the host's own traffic would take the node off the network. */
async function netnsOf(host: PluginHost, call: CniCall): Promise<string> {
  const netns = call.netns ?? ''
  if (!netns.startsWith('/')) {
    throw new CniError(cniErrorCodes.invalidEnvironment, 'CNI_NETNS must be an absolute path')
  }
  if (await host.isOwnNetns(netns)) {
    throw new CniError(
      cniErrorCodes.invalidNetns,
      "plugin's netns and netns from CNI_NETNS should not be the same",
    )
  }
  return netns
}

/** Arguments that cannot be read do not keep anything from being deleted. */
function podForDelete(call: CniCall): PodIdentity | undefined | 'unknown' {
  try {
    return podOf(call.args)
  } catch (error) {
    if (error instanceof CniError) return 'unknown'
    throw error
  }
}

function limits(host: PluginHost, settings: PluginSettings): CallOptions {
  const timeoutMs = Math.max(1, settings.addTimeoutMs - host.elapsedMs())
  return { timeoutMs, waitForAgentMs: Math.min(settings.agentWaitMs, timeoutMs) }
}

function attachmentOf({ containerId, ifname }: CniCall): { containerId: string; ifname: string } {
  return { containerId, ifname }
}

/**
 * What the agent has to know of a deletion. Namespace and pod are said where the agent takes them:
 * with ones that it refuses, the entry would stay in the queue for ever.
 */
function delRequestOf(call: CniCall, pod: PodIdentity | undefined): DelRequest {
  const { netns = '' } = call
  const isPath = /^\/[^\p{Cc}]{0,4094}$/u.test(netns)
  return {
    ...attachmentOf(call),
    ...(isPath && { netns }),
    ...(pod !== undefined && isKubernetesPod(pod) && { pod: podName(pod) }),
  }
}

/** Whether Kubernetes could have named a pod so. */
function isKubernetesPod({ namespace, name, uid = 'none' }: PodIdentity): boolean {
  return (
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace) &&
    /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name) &&
    /^[a-zA-Z0-9-]{1,128}$/.test(uid)
  )
}

/** Ids that the agent would not have taken cannot name a sidecar, so leaving them out is safe. */
function couldBeOurs({ containerId, ifname }: Pick<CniCall, 'containerId' | 'ifname'>): boolean {
  const id = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(containerId)
  return id && /^[^/:\s\p{Cc}]{1,15}$/u.test(ifname) && ifname !== '.' && ifname !== '..'
}

function annotationsOf({ conf }: CniCall): { annotations?: Record<string, string> } {
  const annotations = conf.runtimeConfig?.['io.kubernetes.cri.pod-annotations']
  // `decide` has refused everything that is not a map of texts.
  return annotations ? { annotations: annotations as Record<string, string> } : {}
}

function addressesOf(result: CniResult): string[] {
  const { ips = [] } = convertResult<'1.1.0'>(result, '1.1.0')
  return ips.map(({ address }) => address.replace(/\/\d+$/, '')).slice(0, 64)
}

function podName({ namespace, name, uid }: PodIdentity): {
  namespace: string
  name: string
  uid?: string
} {
  return { namespace, name, ...(uid !== undefined && { uid }) }
}

function podFields(pod: PodIdentity | undefined): Record<string, unknown> {
  return pod === undefined ? {} : { namespace: pod.namespace, pod: pod.name }
}

function log(
  host: PluginHost,
  call: CniCall,
  level: LogEntry['level'],
  message: string,
  fields: Record<string, unknown>,
): void {
  const common = {
    command: call.command,
    containerId: call.containerId.slice(0, 12),
    durationMs: Math.round(host.elapsedMs()),
  }
  host.log({ level, message, fields: { ...common, ...fields } }, call.conf)
}
