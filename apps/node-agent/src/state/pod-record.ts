import { z } from 'zod'

import {
  captureReasons,
  type CaptureSpec,
  captureSpecSchema,
  type DecisionReason,
  skipReasons,
} from '@proxy/policy'

import { type Backend, BACKENDS } from '../config/values.ts'

/**
 * How far a pod is. `capturing` and `releasing` are written before the effect, so that whoever finds
 * them after a crash knows what was under way.
 */
type Phase = 'capturing' | 'captured' | 'releasing'

/** One interface of a pod in one network. */
export interface Attachment {
  /** Name of the network: GC speaks of one network's attachments. */
  readonly network: string
  readonly ifname: string
}

/** What the agent knows of one captured pod, keyed by its container id. */
export interface PodRecord {
  readonly version: 1
  /** The sandbox's id, as the runtime gives it to the plugin. */
  readonly containerId: string
  /** Every attachment it was added for and not deleted from since; never empty. */
  readonly attachments: readonly Attachment[]
  readonly pod: {
    readonly namespace: string
    readonly name: string
    readonly uid?: string | undefined
  }
  readonly phase: Phase
  /** The namespace's path as the runtime gave it; it vanishes with the sandbox. */
  readonly netns: string
  /** Which namespace that was: paths and process ids are used again, inodes of living ones are not. */
  readonly netnsId: { readonly dev: number; readonly ino: number }
  /** Every address of the pod but loopback and link-local ones. */
  readonly addresses: readonly string[]
  /** What its rules were made with: only that can take them away, whatever is configured since. */
  readonly backend: Backend
  /** Who its Envoy runs as, and whose its files are. */
  readonly proxyUid: number
  readonly proxyGid: number
  /** How the pod asked to be captured. */
  readonly capture: CaptureSpec
  /** Why it was captured, a reason of `@proxy/policy`. */
  readonly reason: DecisionReason
  /** When ADD came, RFC 3339. */
  readonly since: string
}

const podRecordSchema: z.ZodType<PodRecord> = z.object({
  version: z.literal(1),
  containerId: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/),
  attachments: z.array(z.object({ network: z.string(), ifname: z.string().min(1).max(15) })).min(1),
  pod: z.object({
    namespace: z.string(),
    name: z.string(),
    uid: z.string().optional(),
  }),
  phase: z.enum(['capturing', 'captured', 'releasing']),
  netns: z.string(),
  netnsId: z.object({ dev: z.number(), ino: z.number() }),
  addresses: z.array(z.string()),
  backend: z.enum(BACKENDS),
  proxyUid: z.int(),
  proxyGid: z.int(),
  capture: captureSpecSchema,
  reason: z.enum(Object.keys({ ...captureReasons, ...skipReasons }) as DecisionReason[]),
  since: z.string(),
})

/** Throws a sentence when the text is not a record of this version. */
export function parsePodRecord(text: string): PodRecord {
  const parsed = podRecordSchema.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new Error(z.prettifyError(parsed.error).replaceAll('\n', ' '), { cause: parsed.error })
}
