import { isAbsolute, join } from 'node:path'
import { EnvoyRuntimeError } from './error.ts'
import { type SidecarPaths } from './runtime.ts'
import { parseId } from './spec.ts'

/** Where a state directory has what. */
export interface Layout {
  readonly root: string
  /** One folder per sidecar, each owned by the sidecar's uid. 0711: names are not listed to others. */
  readonly sidecars: string
  /** What only root may write: records, locks, what is being removed. 0700. */
  readonly records: string
  /** What all sidecars of the node read. 0755. */
  readonly shared: string
  sidecar(id: string): SidecarPaths
  /** What is known of a started sidecar. */
  record(id: string): string
  /** Locked by the sidecar's process as long as it lives. */
  lock(id: string): string
}

/** The kernel's limit for the address of a Unix socket, without its last zero byte (unix(7)). */
const MAX_SOCKET_PATH = 107

/** The layout of a state directory. Pure. Throws `state-invalid` for a relative path. */
export function layoutOf(root: string): Layout {
  if (!isAbsolute(root)) {
    throw new EnvoyRuntimeError('state-invalid', `state directory ${root} must be an absolute path`)
  }
  const sidecars = join(root, 'sidecars')
  const records = join(root, 'records')
  return {
    root,
    sidecars,
    records,
    shared: join(root, 'shared'),
    sidecar(id) {
      const directory = join(sidecars, parseId(id))
      const adminSocket = join(directory, 'admin.sock')
      if (Buffer.byteLength(adminSocket) > MAX_SOCKET_PATH) {
        throw new EnvoyRuntimeError(
          'state-invalid',
          `${adminSocket} is longer than ${MAX_SOCKET_PATH} bytes, which no socket can have: use a shorter state directory`,
        )
      }
      return {
        directory,
        bootstrap: join(directory, 'bootstrap.json'),
        sds: join(directory, 'sds'),
        adminSocket,
        log: join(directory, 'envoy.log'),
        accessLog: join(directory, 'access.log'),
      }
    },
    record: (id) => join(records, `${parseId(id)}.json`),
    lock: (id) => join(records, `${parseId(id)}.lock`),
  }
}
