import { isJsonObject, type JsonObject } from './json.ts'

/** Keys a decoder knows, in their right case, each with what it knows of the value. */
export interface KnownKeys {
  readonly [key: string]: KnownKeys | null
}

/**
 * Reads `value` as Go's decoder does: a known key may be spelled in any case (containerd 1.6 writes
 * `Servers`, a previous result may have `CNIVersion`), and null means absent. An exactly spelled key
 * wins over others. Keys of no meaning here, and the order, stay; without a difference `value`
 * itself comes back. Arrays are read element by element.
 */
export function foldKeys(value: unknown, known: KnownKeys): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => foldKeys(item, known))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  return isJsonObject(value) ? foldObject(value, known) : value
}

function foldObject(value: JsonObject, known: KnownKeys): JsonObject {
  let changed = false
  const entries: [string, unknown][] = []
  for (const [key, child] of Object.entries(value)) {
    const right = rightKey(key, value, known)
    if (right === undefined) {
      entries.push([key, child])
    } else if (child === null) {
      changed = true
    } else {
      const below = known[right]
      const folded = below == null ? child : foldKeys(child, below)
      changed ||= right !== key || folded !== child
      entries.push([right, folded])
    }
  }
  // Not by assignment: a key may be `__proto__`.
  return changed ? Object.fromEntries(entries) : value
}

function rightKey(key: string, value: JsonObject, known: KnownKeys): string | undefined {
  if (Object.hasOwn(known, key)) return key
  const lower = key.toLowerCase()
  const right = Object.keys(known).find((name) => name.toLowerCase() === lower)
  return right === undefined || Object.hasOwn(value, right) ? undefined : right
}
