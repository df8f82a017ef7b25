import { captureReasons, captureSpecSchema, type DecisionReason, skipReasons } from '@proxy/policy'
import { z } from 'zod'
import { type Operation, type Requests, type Responses } from './routes.ts'
import { apiVersion, type SidecarInfo, sidecarStates } from './types.ts'

// The names below reach paths, container names and rules: their grammars are closed.
const containerId = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/)
const ifname = z
  .string()
  .min(1)
  .max(15)
  .regex(/^[^/:\s\p{Cc}]+$/u)
  .refine((name) => name !== '.' && name !== '..')
const absolutePath = z
  .string()
  .max(4095)
  .regex(/^\/[^\p{Cc}]*$/u)
const network = z
  .string()
  .max(255)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/)
const namespace = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
const podName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)
const pod = z.object({
  namespace,
  name: podName,
  uid: z
    .string()
    .max(128)
    .regex(/^[a-zA-Z0-9-]+$/)
    .exactOptional(),
})
const attachment = z.object({ containerId, ifname })
const address = z.union([z.ipv4(), z.ipv6()])
const addresses = z.array(address).max(64)
const reasons = Object.keys({ ...captureReasons, ...skipReasons }) as DecisionReason[]
const reason = z.enum(reasons)
const text = z.string().max(65_536)

const sidecar: z.ZodType<SidecarInfo> = attachment.extend({
  pod,
  state: z.enum(sidecarStates),
  since: text,
  detail: text.exactOptional(),
  reason,
  network: text,
  netns: text,
  podIps: z.array(text),
  spiffeId: text.exactOptional(),
  certificateExpires: text.exactOptional(),
  mtls: z.enum(['permissive', 'strict']),
  envoyVersion: text.exactOptional(),
  pid: z.int().positive().exactOptional(),
  epoch: z.int().nonnegative().exactOptional(),
  restarts: z.int().nonnegative().exactOptional(),
  rulesHash: text.exactOptional(),
})

const nothing = z.undefined()

/** Checks requests on the server's side. Unknown keys are dropped, so that clients can be newer. */
export const requestSchemas: { readonly [K in Operation]: z.ZodType<Requests[K]> } = {
  add: attachment.extend({
    network,
    netns: absolutePath,
    pod,
    annotations: z.record(z.string().max(512), z.string().max(262_144)).exactOptional(),
    podIps: addresses,
    capture: captureSpecSchema,
    reason,
  }),
  del: attachment.extend({ netns: absolutePath.exactOptional(), pod: pod.exactOptional() }),
  check: attachment.extend({
    netns: absolutePath,
    pod: pod.exactOptional(),
    capture: captureSpecSchema,
  }),
  gc: z.object({ network, validAttachments: z.array(attachment).max(100_000) }),
  status: nothing,
  sidecars: nothing,
  explain: z.object({ namespace, name: podName }),
  version: nothing,
}

/** Checks answers on the client's side, where the client asks for it. */
const responseSchemas: { readonly [K in Operation]: z.ZodType<Responses[K]> } = {
  add: z.object({ sidecar }),
  del: z.object({ removed: z.boolean() }),
  check: z.object({ sidecar }),
  gc: z.object({ removed: z.array(z.string()) }),
  status: z.object({
    ready: z.boolean(),
    problems: z.array(text),
    version: text,
    node: text,
    startedAt: text,
    identitySource: text,
    trustDomain: text,
    sidecars: z.record(z.enum(sidecarStates), z.int().nonnegative()),
    pendingDeletes: z.int().nonnegative(),
  }),
  sidecars: z.object({ sidecars: z.array(sidecar) }),
  explain: z.object({
    pod,
    captured: z.boolean(),
    reason: reason.exactOptional(),
    notes: z.array(text),
    sidecars: z.array(sidecar),
  }),
  version: z.object({ apiVersion: z.literal(apiVersion), version: text }),
}

/** Checks an answer in full; hand it to the client's `validate` where start-up time allows zod. */
export function validateResponse<K extends Operation>(operation: K, body: unknown): Responses[K] {
  return responseSchemas[operation].parse(body)
}
