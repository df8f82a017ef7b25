import { z } from 'zod'

import {
  captureReasons,
  type CaptureSpec,
  captureSpecSchema,
  type DecisionReason,
} from '@proxy/policy'

import { type Backend, BACKENDS } from '../config/values.ts'

/**
 * How far a pod is. `capturing` and `releasing` are written before the effect, so that whoever finds
 * them after a crash knows what was under way.
 */
type Phase = 'capturing' | 'captured' | 'releasing'

/** What the agent knows of one captured pod, keyed by its container id. */
export interface PodRecord {
  readonly version: 1
  /** The sandbox's id, as the runtime gives it to the plugin. */
  readonly containerId: string
  /** Name of the network it was attached through: GC speaks of one network's pods. */
  readonly network: string
  readonly ifname: string
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
  network: z.string(),
  ifname: z.string().min(1).max(15),
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
  capture: captureSpecSchema,
  reason: z.enum(Object.keys(captureReasons) as (keyof typeof captureReasons)[]),
  since: z.string(),
})

/** Throws a sentence when the text is not a record of this version. */
export function parsePodRecord(text: string): PodRecord {
  const parsed = podRecordSchema.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new Error(z.prettifyError(parsed.error).replaceAll('\n', ' '), { cause: parsed.error })
}
