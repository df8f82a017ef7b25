import { netnsIdentity, type NetnsSource, pathOf } from './identity.ts'
import { type NamespaceRef } from './protocol.ts'

/**
 * Names a namespace for the helper: a path that means the same to another process, and the identity
 * it has now, so that nothing is done to another namespace that takes its place. Throws as
 * `openNetns` does.
 */
export function namespaceRef(source: NetnsSource): NamespaceRef {
  const identity = netnsIdentity(source)
  const path = pathOf(source).replace(/^\/proc\/(thread-)?self\//, `/proc/${process.pid}/`)
  return { path, identity }
}
