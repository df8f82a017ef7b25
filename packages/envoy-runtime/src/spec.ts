import { createHash } from 'node:crypto'
import { z } from 'zod'
import { EnvoyRuntimeError } from './error.ts'
import { type SidecarPaths, type SidecarSpec } from './runtime.ts'

/** An id becomes a file name and part of a socket's path: no separator, no leading dot. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

const text = z
  .string()
  .max(4096)
  .regex(/^[^\0]*$/)
const specSchema = z.strictObject({
  id: z.string().regex(ID),
  netnsPath: text.regex(/^\//, 'must be absolute'),
  bootstrap: z.looseObject({
    admin: z.looseObject({ address: z.looseObject({ pipe: z.looseObject({ path: z.string() }) }) }),
  }),
  labels: z.record(z.string().max(256), text).default({}),
  environment: z.record(z.string().max(256).regex(NAME), text).default({}),
  concurrency: z.number().int().min(1).max(1024).default(1),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'])
    .default('warning'),
  drainTimeS: z.number().int().min(1).max(86_400).default(5),
})

/** A {@link SidecarSpec} with its defaults. */
export type SidecarSettings = Required<SidecarSpec>

/** Whether a text can be a sidecar's id. */
export function isId(text: string): boolean {
  return ID.test(text)
}

/** Checks an id. Throws `spec-invalid`. */
export function parseId(id: string): string {
  if (!isId(id)) {
    throw new EnvoyRuntimeError(
      'spec-invalid',
      `sidecar id ${JSON.stringify(id.slice(0, 200))} must be 1 to 128 letters, digits, "_", ".", "-"`,
    )
  }
  return id
}

/** Checks a spec against where its sidecar has its files. Throws `spec-invalid`. */
export function parseSpec(spec: SidecarSpec, paths: SidecarPaths): SidecarSettings {
  const parsed = specSchema.safeParse(spec)
  if (!parsed.success) {
    const issues = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new EnvoyRuntimeError('spec-invalid', `sidecar spec: ${issues.join('; ')}`, {
      cause: parsed.error,
    })
  }
  const admin = parsed.data.bootstrap.admin.address.pipe.path
  if (admin !== paths.adminSocket) {
    throw new EnvoyRuntimeError(
      'spec-invalid',
      `sidecar spec: the bootstrap's admin is ${admin}, but must be ${paths.adminSocket}`,
    )
  }
  return { ...parsed.data, bootstrap: spec.bootstrap }
}

/** A short digest of everything in a spec; the order of keys does not matter. */
export function specHash(spec: SidecarSettings): string {
  return createHash('sha256').update(canonical(spec)).digest('hex').slice(0, 32)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
