import { decide, type Decision, describeReason, parseSelectionFile } from '@proxy/policy'
import { type ExitCode, exitCodes, UsageError } from './exit-code.ts'
import { type ToolIo } from './io.ts'
import { type PodRef } from './pod-ref.ts'
import { jsonText, type OutputFormat, visible } from './text.ts'

/** The files a decision is repeated from. */
export interface DryRunFiles {
  /** The plugin's configuration: its own entry, or a whole conflist. */
  readonly conf: string | undefined
  /** The pod's annotations: an object of texts, or the pod as `kubectl get pod -o json` prints it. */
  readonly annotations: string | undefined
  /** The agent's selection file. */
  readonly selection: string | undefined
}

/**
 * Repeats the plugin's decision from files, without agent or root.
 * @throws UsageError for files that cannot be read, PolicyError for what the plugin would refuse.
 */
export async function dryRun(
  io: ToolIo,
  pod: PodRef,
  files: DryRunFiles,
  format: OutputFormat,
): Promise<ExitCode> {
  const conf = files.conf === undefined ? {} : pluginIn(await readJson(io, files.conf), files.conf)
  const annotations =
    files.annotations === undefined ? {} : annotationsIn(await readJson(io, files.annotations))
  const { selection: path } = files
  const text = path === undefined ? undefined : await readText(io, path)
  const selection = (): ReturnType<typeof parseSelectionFile> | undefined =>
    text === undefined ? undefined : parseSelectionFile(text)
  const decision = decide({ pod, conf, annotations, selection })
  io.stdout(format === 'json' ? jsonText({ pod, ...decision }) : decisionText(pod, decision))
  return exitCodes.ok
}

function decisionText(pod: PodRef, decision: Decision): string {
  const verb = decision.kind === 'capture' ? 'would be' : 'would not be'
  const lines = [
    `${pod.namespace}/${pod.name} ${verb} captured because ${describeReason(decision.reason)}`,
    ...decision.remarks.map((remark) => `  - ${visible(remark)}`),
  ]
  if (decision.kind === 'capture') {
    const { redirect, ...settings } = decision.spec
    for (const [key, value] of Object.entries({ ...settings, ...redirect })) {
      lines.push(`  ${key.padEnd(22)}${Array.isArray(value) ? value.join(',') || '(none)' : value}`)
    }
  }
  return `${lines.join('\n')}\n`
}

async function readText(io: ToolIo, path: string): Promise<string> {
  try {
    return await io.readFile(path)
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown'
    throw new UsageError(`read ${path}: ${why}`, { cause: error })
  }
}

async function readJson(io: ToolIo, path: string): Promise<unknown> {
  const text = await readText(io, path)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${path} is not JSON`, { cause: error })
  }
}

/** The plugin's entry of a conflist, or the value itself. */
function pluginIn(value: unknown, path: string): unknown {
  const { plugins } = recordOf(value)
  if (!Array.isArray(plugins)) return value
  const entry: unknown = plugins.find((plugin) => recordOf(plugin)['type'] === 'proxy-cni')
  if (entry === undefined) throw new UsageError(`${path} has no plugin of type proxy-cni`)
  return entry
}

/** The annotations of a pod, or the value itself. */
function annotationsIn(value: unknown): unknown {
  const { kind, metadata } = recordOf(value)
  return kind === 'Pod' ? (recordOf(metadata)['annotations'] ?? {}) : value
}

function recordOf(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
